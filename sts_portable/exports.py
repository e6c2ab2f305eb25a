"""The public classes, and the module each is in. Loaded for `from sts_portable import Decoder`."""

CLASSES = {
    "Decoder": "decoder",
    "DkgaError": "dkga",
    "FormatError": "errors",
    "KeyChangeError": "vendor",
    "KeyExpiredError": "errors",
    "KeyState": "decoder",
    "PanError": "pan",
    "RangeError": "errors",
    "StsError": "errors",
    "TidStore": "decoder",
    "Token": "token",
}


def find(name: str) -> type:
    """Return a public class. Raise AttributeError when there is none of this name."""
    if name not in CLASSES:
        raise AttributeError("sts_portable has no attribute '%s'" % name)
    home = CLASSES[name]
    return getattr(__import__("sts_portable." + home, None, None, (home,)), name)
