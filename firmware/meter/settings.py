"""What a meter must be told before it can work: the dict of settings.json, checked."""

from binascii import unhexlify

from sts_portable.decoder import KeyState
from sts_portable.ea import KEY_BYTES
from sts_portable.pan import drn_valid

DEFAULT_ADDRESS = 247  # a meter that was not told its own

# (name, default, lowest, highest); a default of None: must be given.
_NUMBERS = (
    ("address", None, 1, 247),
    ("ea", 7, 0, 99),
    ("kt", 2, 0, 3),
    ("krn", 1, 1, 9),
    ("sgc", 123456, 0, 999999),
    ("ti", 1, 0, 99),
    ("ken", 255, 0, 255),
    ("mfr_code", 0, 0, 9999),
)


class Settings:
    """drn, address, mfr_code and key, the initial KeyState.

    `wrong` is the name of the first setting that cannot be used, or "". Nothing is raised: a meter
    with wrong settings must still be able to say so.
    """

    def __init__(self, given, wrong=""):
        """given: the dict of settings.json. wrong: what the caller found amiss elsewhere."""
        self.wrong = wrong if given else "settings"
        self.drn = ""
        self.address = DEFAULT_ADDRESS
        numbers = {}
        for name, default, low, high in _NUMBERS:
            value = given.get(name, default)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                self._note(name)
                value = default
            numbers[name] = value
        self.address = numbers["address"] or DEFAULT_ADDRESS
        self.mfr_code = numbers["mfr_code"]
        drn = given.get("drn")
        if isinstance(drn, str) and drn_valid(drn):
            self.drn = drn
        else:
            self._note("drn")
        self.key = self._key(given.get("key"), numbers)

    def _note(self, name):
        self.wrong = self.wrong or name

    def _key(self, text, numbers):
        names = ("ea", "kt", "krn", "sgc", "ti", "ken")
        fields = {name: numbers[name] for name in names}
        try:
            key = unhexlify(text)
            if len(key) == KEY_BYTES[numbers["ea"]]:
                return KeyState(key, **fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            pass  # what is wrong with a secret is not repeated
        self._note("key")
        return KeyState(bytes(KEY_BYTES[7]))
