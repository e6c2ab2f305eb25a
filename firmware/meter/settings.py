"""The settings that a meter needs before it can work: the dict of settings.json, checked."""

from binascii import unhexlify

from meterbus import codes
from runtime import overlay
from sts_portable.decoder import KeyState
from sts_portable.ea import KEY_BYTES

DEFAULT_ADDRESS = 247  # of a meter without a usable address

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
    ("pulses_per_kwh", 1000, 1, 100000),
)
_KEY_FIELDS = ("ea", "kt", "krn", "sgc", "ti", "ken")


def is_whole(value, low, high):
    """Return whether a value is a whole number from `low` to `high`."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


class Settings:
    """drn, address, mfr_code and key, the initial KeyState. A feature: see core.py.

    given: the dict, until the features have taken from it what they need.
    wrong: the name of the first setting that cannot be used, or "". Nothing is raised: a meter
    with wrong settings must still be able to report them. key_usable: False if `key` is made up.
    """

    ONCE = ("number", "group", "note", "_key")  # of the start, see runtime/overlay.py

    def __init__(self, given, wrong=""):
        """given: the dict of settings.json. wrong: what the caller found wrong elsewhere."""
        self.given = given
        self.wrong = wrong if given else "settings"
        self.drn = ""
        self.address = DEFAULT_ADDRESS
        self.key_usable = True
        numbers = {}
        for name, default, low, high in _NUMBERS:
            value = given.get(name, default)
            if not is_whole(value, low, high):
                self.note(name)
                self.key_usable = self.key_usable and name not in _KEY_FIELDS
                value = default
            numbers[name] = value
        self.address = numbers["address"] or DEFAULT_ADDRESS
        self.mfr_code = numbers["mfr_code"]
        drn = given.get("drn")
        if isinstance(drn, str) and overlay.call("sts_portable.pan", "drn_valid", drn):
            self.drn = drn
        else:
            self.note("drn")
        self.key = self._key(given.get("key"), numbers)
        self.preset = given.get("features", "core")
        if self.preset not in ("full", "core"):
            self.note("features")

    def number(self, name, default, low, high):
        """Return the number of a setting, the default if it is not given or cannot be used."""
        value = self.given.get(name, default)
        if not is_whole(value, low, high):
            self.note(name)
            return default
        return value

    def open_reasons(self):
        """Return the bits of codes.REASONS that are set."""
        return codes.NOT_CONFIGURED if self.wrong else 0

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        return codes.STATUS_NOT_CONFIGURED if self.wrong else 0

    def note(self, name):
        """Note the name of a setting that cannot be used."""
        self.wrong = self.wrong or name

    def group(self, name, rows):
        """Return the values of the entry `name`, an object of integers; note what is wrong.

        rows: (name, default, lowest, highest). A wrong value is the default, and the meter does
        not work with it.
        """
        given = self.given.get(name, {})
        if not isinstance(given, dict):
            self.note(name)
            given = {}
        values = []
        known = 0
        for key, default, low, high in rows:
            value = given.get(key, default)
            known += key in given
            if not is_whole(value, low, high):
                self.note("%s.%s" % (name, key))
                value = default
            values.append(value)
        if known < len(given):
            self.note(name + " has an unknown name")
        return values

    def _key(self, text, numbers):
        fields = {name: numbers[name] for name in _KEY_FIELDS}
        try:
            key = unhexlify(text)
            if len(key) == KEY_BYTES[numbers["ea"]]:
                return KeyState(key, **fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            pass  # what is wrong with a secret is not repeated
        self.note("key")
        self.key_usable = False
        return KeyState(bytes(KEY_BYTES[7]))

    REGISTERS = {"drn": lambda self: self.drn}
    CODES = (("804", "Meter number", codes.KNOWN_ALWAYS, lambda self: self.drn),)
