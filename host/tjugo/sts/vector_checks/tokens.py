"""Checks of whole tokens: encoding, decoding, refusal, and sets of key-change tokens."""

from sts_portable import amount, decoder, ea, fields, layouts, results, token, vendor

from .report import Report, bytes_of, hex_of, key_of, minutes_of

# Vector input name -> field name of sts_portable.layouts.
_FIELDS = {
    "rnd": "rnd", "tid": "tid", "amount_field": "amount", "amount_field20": "amount",
    "mpl": "mpl", "mppul": "mppul", "rate": "rate", "register": "register", "pad": "pad",
    "wm_factor": "factor", "value16": "value", "ext_index": "index", "flag_index": "flag",
    "flag_value": "state", "ken_ho": "kenho", "ken_lo": "kenlo", "ro": "ro", "kct3": "kct3",
    "sgc_lo": "sgclo", "sgc_ho": "sgcho", "mfr_code": "mfr",
}  # fmt: skip


def _values(given: dict) -> dict:
    """Return the raw field values in the inputs of a token vector."""
    values = {_FIELDS[name]: given[name] for name in given if name in _FIELDS}
    if "nk_part" in given:
        values["nk"] = bytes_of(given["nk_part"])
    if given["cls"] == 0 and given["subclass"] < 4 and "amount_tenths" in given:
        values["amount"] = amount.encode(given["amount_tenths"])
    if "amount_1e-5" in given:
        values["amount"] = amount.encode_currency(given["amount_1e-5"])
    return values


def _keyed_token(report: Report, given: dict) -> None:
    key = key_of(given)
    report.same("decoder_key", hex_of(key))
    _token(report, given, key, _values(given))


def _token_kct(report: Report, given: dict) -> None:
    """Check one section of a key change.

    In sections 1 and 2 the inputs krn and ti are those in the token, and those of the old key are
    not recorded: there the old key is used as given. The new key is always derived.
    """
    new = given["new_key"]
    values = _values(given)
    if given["subclass"] == 3:
        values["krn"], values["kt"] = new["krn"], new["kt"]
    if given["subclass"] == 4:
        values["ti"] = int(new["ti"])
    key = bytes_of(report.expected["decoder_key"])
    if given["subclass"] in (8, 9):
        report.same("decoder_key", hex_of(key_of(given)))
    new_key = key_of(new)
    report.equal("new key", hex_of(new_key), new["decoder_key"])
    start = {3: 0, 8: 4, 9: 8}.get(given["subclass"], len(new_key) - 4)
    report.equal("nk_part", hex_of(new_key[start : start + 4]), given["nk_part"])
    _token(report, given, key, values)


def _token(report: Report, given: dict, key: bytes, values: dict) -> None:
    code = int(given["ea"])
    cls, subclass = given["cls"], given["subclass"]
    block = fields.encode(cls, subclass, **values)
    report.same("block_clear", hex_of(block))
    report.same("block_cipher", hex_of(ea.encrypt(code, key, block)))
    report.same("token", token.make(cls, subclass, key, code, **values))
    for name in ("amount_field", "amount_field20"):
        if name in given:
            report.equal(name, values["amount"], given[name])
    back = token.decode(report.expected["token"], key, code)
    if back is None:
        report.bad.append("the token does not decode under its own key")
        return
    report.equal("class", (back.cls, back.subclass), (cls, subclass))
    for name in values:
        report.equal(name, back.field(name), values[name])
    if "value_field" in given:
        report.equal("value_field", layouts.bits(back.block, 16, 16), given["value_field"])
    if "value_decoded" in given:
        report.equal("value_decoded", amount.decode(back.value or 0), given["value_decoded"])
    if "time" in given:
        # An ordinary token of minute 00:01 has the next TID, and several tokens of one minute have
        # successive ones, so that the TID may be ahead of the time.
        ahead = given["tid"] - minutes_of(given["bdt"], given["time"])
        if not 0 <= ahead <= 3:
            report.bad.append(f"TID is {ahead} minutes after its time")


def _class1(report: Report, given: dict) -> None:
    control = int(given["control"], 16)
    cls, subclass, mfr = given["cls"], given["subclass"], given["mfr_code"]
    values = {"control": control, "mfr": mfr}
    if subclass == 2:
        values = {"index": control >> 30, "data": control & (1 << 30) - 1, "mfr": mfr}
    report.same("block_clear", hex_of(fields.encode(cls, subclass, **values)))
    report.same("token", token.make(cls, subclass, **values))
    back = token.decode(report.expected["token"])
    if back is None:
        report.bad.append("the token does not decode")
        return
    report.equal("class", (back.cls, back.subclass), (cls, subclass))
    for name in values:
        report.equal(name, back.field(name), values[name])


def _kct_set(report: Report, given: dict) -> None:
    old, new = given["old"], given["new"]
    old_key, new_key = key_of(old), key_of(new)
    code = int(old["ea"])
    report.same("old_decoder_key", hex_of(old_key))
    report.same("new_decoder_key", hex_of(new_key))
    numbers = (new["kt"], new["krn"], int(new["ti"]), given["ken"], given["ro"], int(new["sgc"]))
    sections = vendor.key_change_fields(new_key, *numbers, given["kct3"])
    clear = [hex_of(fields.encode(2, sub, **values)) for sub, values in sections]
    report.same("blocks_clear", clear)
    made = [token.make(2, sub, old_key, code, **values) for sub, values in sections]
    report.same("tokens", made)
    _enter_kct(report, given, old_key, new_key)


def _enter_kct(report: Report, given: dict, old_key: bytes, new_key: bytes) -> None:
    """Enter the set's tokens in a decoder, last one first, and check the new key register."""
    old, new = given["old"], given["new"]
    sgc, ti = int(old["sgc"]), int(old["ti"])
    state = decoder.KeyState(old_key, int(old["ea"]), old["kt"], old["krn"], sgc, ti)
    meter = decoder.Decoder(state, decoder.TidStore())
    for digits in reversed(report.expected["tokens"]):
        result, found = meter.check(digits)
        report.equal("check", results.name(result), "Accept")
        if result != results.ACCEPT or found is None:
            return
        result = meter.commit(found)
    report.equal("last result", results.name(result), "Accept")
    report.equal("key in force", hex_of(state.key), hex_of(new_key))
    report.equal("KRN", state.krn, new["krn"])
    report.equal("TI", state.ti, int(new["ti"]))
    report.equal("KEN", state.ken, given["ken"])


def _token_reject(report: Report, given: dict) -> None:
    key = decoder.KeyState(bytes_of(given["decoder_key"]), int(given["ea"]))
    result, _ = decoder.Decoder(key, decoder.TidStore()).check(given["token"])
    report.same("auth", results.name(result))
    report.same("cls", token.split(given["token"])[0])


KINDS = {
    "token_class0": _keyed_token,
    "token_class1": _class1,
    "token_class2": _keyed_token,
    "token_currency": _keyed_token,
    "token_ea09": _keyed_token,
    "token_kct": _token_kct,
    "token_reject": _token_reject,
    "kct_set": _kct_set,
}
