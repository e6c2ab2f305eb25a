"""The settings `page` and `home_assistant`: checked."""

from ..settings import is_whole

_LONGEST = 64
_PAGE = {"port": 80, "address": "0.0.0.0", "host": ""}
_HOME = {
    "host": None,
    "port": 1883,
    "user": None,
    "password": None,
    "prefix": "homeassistant",
    "name": "",
}


def _complete(given, name, defaults):
    """Return the object `name` with its defaults, None without one. Raise ValueError: its name."""
    found = given.get(name)
    if found is None:
        return None
    if not isinstance(found, dict) or any(key not in defaults for key in found):
        raise ValueError(name)
    made = {}
    for key, default in defaults.items():
        value = found.get(key, default)
        if key == "port":
            usable = is_whole(value, 1, 65535)
        elif value is None or value == "":
            usable = value == default
        else:
            usable = isinstance(value, str) and len(value) <= _LONGEST and _plain(value)
        if not usable:
            raise ValueError(name + "." + key)
        made[key] = value
    return made


def _plain(text):
    return all(" " <= c and c not in '"\\' for c in text)


def of_page(given):
    """Return {port, address, host} of the page, None if it is not wanted.

    address: to listen at. host: a name besides addresses by which browsers may call the meter.
    Raise ValueError with the name of a setting that cannot be used.
    """
    return _complete(given, "page", _PAGE)


def of_home(given):
    """Return {host, port, user, password, prefix, name}, None if it is not wanted.

    Raise ValueError with the name of a setting that cannot be used.
    """
    found = _complete(given, "home_assistant", _HOME)
    if found:
        if found["host"] is None:
            raise ValueError("home_assistant.host")
        if any(c in found["prefix"] for c in "+# "):
            raise ValueError("home_assistant.prefix")
    return found
