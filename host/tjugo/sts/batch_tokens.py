"""The tokens of one row of a batch, once its cells are understood."""

from dataclasses import replace
from typing import Any

from sts_portable import fields, layouts, token, vendor
from tjugo import numbers
from tjugo.errors import TjugoError
from tjugo.key_register import DDTK
from tjugo.sts.batch_row import REGISTER, Keys, Request, Tids, key_question
from tjugo.sts.explain.key import DecoderKey, KeyQuestion, from_hex

_OWN_COLUMNS = {"rnd", "tid"}  # fields that are not given under `fields`


def make(request: Request, keys: Keys, tids: Tids) -> list[str]:
    """Return the token of a row, or up to four of a key change. Raise TjugoError or StsError."""
    r = request
    if r.cls == 1:
        return [_meter_test(r)]
    key = _answer(r.question)
    if r.cls == 0:
        return [_credit(r, key)]
    if r.subclass < 0:
        return _key_change(r, key, keys, tids)
    values = _fields(r)
    if r.tid is None:
        return [token.make(2, r.subclass, key.key, key.ea, **values)]
    return [vendor.management(key.key, key.ea, r.subclass, r.tid, r.rnd, key.ken, **values)]


def warning(request: Request, keys: Keys, tids: Tids) -> str:
    """Return a sentence if the key of a row's token, or the new key of a key change, expires
    within half a year of the token; else ""."""
    r = request
    if r.cls == 2 and r.subclass < 0:
        new = _new_question(r, keys)
        return _sentence(vendor.expiry_warning(tids.minute(new.bdt, r.cells), new.ken, new.bdt))
    if r.tid is None:
        return ""
    return _sentence(vendor.expiry_warning(r.tid, r.question.ken, r.question.bdt))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _answer(question: KeyQuestion) -> DecoderKey:
    key = question.answer()
    assert key is not None  # key_question() has found one
    return key


def _credit(r: Request, key: DecoderKey) -> str:
    assert r.tid is not None
    if r.question.kt == DDTK:
        raise TjugoError("A meter refuses credit under a default key (KT 1).")
    if r.subclass < 4:
        return vendor.credit(key.key, key.ea, r.tid, r.rnd, r.units, r.subclass, key.ken)
    return vendor.currency(key.key, key.ea, r.tid, r.units, r.subclass, key.ken)


def _meter_test(r: Request) -> str:
    values = _fields(r, "test")
    if "test" in values:
        if "control" in values:
            raise TjugoError("Give the test or the control field, not both.")
        return vendor.meter_test(r.subclass, values["test"], values.get("mfr", 0))
    return token.make(1, r.subclass, **values)


def _new_question(r: Request, keys: Keys) -> KeyQuestion:
    """Return the parameters of the new key of a key change."""
    cells = {name[4:]: cell for name, cell in r.cells.items() if name.startswith("new_") and cell}
    base = replace(r.question, key="")
    # Another register needs another vending key: one in the row, or one of the file.
    if any(name in cells for name in ("key", "vk", *REGISTER)):
        base = replace(base, vk="")
    return key_question(cells, keys, base)


def _key_change(r: Request, old: DecoderKey, keys: Keys, tids: Tids) -> list[str]:
    new = _answer(_new_question(r, keys))
    ro, kct3 = (r.cells.get(name, "") not in ("", "0") for name in ("ro", "kct3"))
    if new.bdt != old.bdt:  # first: the minute may be outside a base date that goes back
        vendor.check_rollover(ro, new.bdt, old.bdt)
    return vendor.key_change(
        old.key, old.ea, new.key, new.kt, new.krn, new.ti, new.ken, ro, new.sgc, kct3,
        minute=tids.minute(new.bdt, r.cells), bdt=new.bdt, old_bdt=old.bdt,
    )  # fmt: skip


def _fields(r: Request, *more: str) -> dict[str, Any]:
    """Return field values by name: `name=number` or, for nk, `nk=hex`, separated by spaces.

    more: permitted names besides those of the token's layout.
    """
    known = {*_names_of(r.cls, r.subclass), *more} - _OWN_COLUMNS
    values: dict[str, Any] = {}
    for word in r.cells.get("fields", "").split():
        name, equals, text = word.partition("=")
        if not equals:
            raise TjugoError("fields are written name=number, with spaces between.")
        if name not in known:
            raise TjugoError(f"A {r.cls}/{r.subclass} token has no field {name!r} to be given.")
        if name == "nk":
            values[name] = from_hex(text, "key section")
        else:
            values[name] = _any_base(name, text)
    return values


def _names_of(cls: int, subclass: int) -> set[str]:
    """Return the field names of a token's layout, or of all its forms if there are several."""
    forms = ((8, layouts.FLAG_INDEX), (16, layouts.FLAG_INDEX), (16, 0))
    rows = (fields.row(cls, subclass, *form) for form in forms)
    return {field[0] for row in rows if row for field in row[1]}


def _any_base(name: str, text: str) -> int:
    try:
        return numbers.any_base(text)
    except numbers.NotANumber:
        raise TjugoError(f"Field {name} must be a number, not {text!r}.") from None
