"""The mark that a ledger exists, in a file outside of the ledger's memory."""

from runtime.settings_file import load_settings, read_settings, save_settings

MARK_FILE = "store.json"
SETTINGS_FILE = "settings.json"
_COPY = "mark"  # the entry of settings.json with a copy of the names below
_COPIED = ("ledger", "reset_at")


class Mark:
    """The state of the ledger, stored outside of the ledger in a small JSON file.

    It distinguishes a lost ledger from a new meter: the memory is blank in both cases. The entry
    "mark" of settings.json has a copy of what must outlast a deletion of the file. A file that
    cannot be read may have had any value: it is never taken for an empty one, nor overwritten.
    """

    def __init__(self, path=MARK_FILE, settings=SETTINGS_FILE):
        self._path = path
        self._settings = settings

    def get(self, name):
        """Return the value of this name in the file, else in its copy, or None if in neither.

        Raise ValueError, whose text names the file, if one that is needed cannot be read.
        """
        found = read_settings(self._path).get(name)
        if found is None and name in _COPIED:
            found = _copy_in(read_settings(self._settings)).get(name)
        return found

    def put(self, values):
        """Store the values of a dict in the file and its copy; write only what differs.

        A meter without a key has accepted no token: its settings get no copy. Raise ValueError
        if the file cannot be read, OSError if one cannot be written.
        """
        before = read_settings(self._path)
        settings = load_settings(self._settings)  # {}, which is not written, if unreadable
        copy = _copy_in(settings)
        noted = dict(copy)
        noted.update(before)
        noted.update(values)
        if noted != before:
            save_settings(self._path, noted)
        wanted = {name: noted[name] for name in _COPIED if name in noted}
        if "key" in settings and wanted != copy:
            settings[_COPY] = wanted
            save_settings(self._settings, settings)


def _copy_in(settings):
    found = settings.get(_COPY)
    return found if isinstance(found, dict) else {}
