"""What a technician checks on a board while its application does not run."""

import json

MANIFEST = "manifest.json"


def manifest() -> dict:
    """Return the deployed files with their SHA-256, {} where there is no list of them."""
    try:
        with open(MANIFEST) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def store() -> dict:
    """Return {"copies": a word for each slot of the ledger, "place": "fram" or "file" or ""}."""
    import board

    slots = __import__("meter.store.slots", None, None, ("slots",))  # the board's own modules
    ledger = __import__("meter.store.ledger", None, None, ("ledger",))
    words = {slots.BLANK: "blank", slots.DAMAGED: "damaged", slots.NEWER: "of newer firmware"}
    copies = []
    buf = bytearray(slots.SLOT_SIZE)
    try:
        for slot in (0, 1):
            board.store.read(slots.place(slot), buf)
            copies.append(words.get(slots.kind_of(buf, ledger.VERSIONS), "good"))
    except OSError:
        copies.append("no answer")
    try:
        place = board.mark.get("store") or ""
    except ValueError:
        place = ""
    return {"copies": copies, "place": place}
