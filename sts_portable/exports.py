"""The public classes and their modules, and the modules that `import *` gives. Loaded by `from
sts_portable import Decoder`."""

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

MODULES = ("amount", "dkga", "fields", "pan", "results", "tid", "token", "vendor")


def find(name: str) -> "type | list[str]":
    """Return a public class by name, or for `__all__` what `import *` gives. Raise AttributeError
    if there is none."""
    if name == "__all__":
        return list(CLASSES) + list(MODULES)
    if name not in CLASSES:
        raise AttributeError("sts_portable has no attribute '%s'" % name)
    home = CLASSES[name]
    return getattr(__import__("sts_portable." + home, None, None, (home,)), name)
