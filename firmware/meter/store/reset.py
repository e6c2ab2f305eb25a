"""A technician's order to begin a new ledger after the old one was lost.

The credit is lost with the ledger, the used tokens are not: every token identifier up to
`tid_floor` counts as used. The order is the entry "ledger_reset" of settings.json:
{"tid_floor": N, "by": "name", "at": unix time}. `at` identifies the order: it is carried out once.
"""

_MAX_TID = 0xFFFFFF
_BY_CHARACTERS = 40


class Order:
    """`given`: the entry, None if there is none.

    at, by, tid_floor: 0, "", 0 without an order. wrong: why the entry cannot be used, or "".
    """

    def __init__(self, given):
        self.at = self.tid_floor = 0
        self.by = self.wrong = ""
        if given is not None:
            self.wrong = self._check(given)

    def _check(self, given):
        if not isinstance(given, dict):
            return "ledger_reset is not an object"
        at, by, floor = given.get("at"), given.get("by"), given.get("tid_floor")
        if not _whole(at, 0xFFFFFFFF):
            return "ledger_reset: at is not a time"
        if not _whole(floor, _MAX_TID):
            return "ledger_reset: tid_floor is not 1 to 16777215"
        if not isinstance(by, str) or not 1 <= len(by) <= _BY_CHARACTERS:
            return "ledger_reset: by is not a name of 1 to 40 characters"
        self.at, self.by, self.tid_floor = at, by, floor
        return ""


def _whole(value, high):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= high
