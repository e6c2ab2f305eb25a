"""One function per kind of test vector, in the subset that MicroPython runs too.

Run as a script on MicroPython it reads one vector a line as JSON and answers each with one line
of JSON: null for a kind it does not know, else the list of what does not agree.
"""

from sts_portable import (
    amount,
    crc,
    decoder,
    dkga,
    ea,
    fields,
    layouts,
    pan,
    results,
    tid,
    token,
    vendor,
)

# Vector input name -> field name of sts_portable.layouts.
_FIELDS = {
    "rnd": "rnd", "tid": "tid", "amount_field": "amount", "amount_field20": "amount",
    "mpl": "mpl", "mppul": "mppul", "rate": "rate", "register": "register", "pad": "pad",
    "wm_factor": "factor", "value16": "value", "ext_index": "index", "flag_index": "flag",
    "flag_value": "state", "ken_ho": "kenho", "ken_lo": "kenlo", "ro": "ro", "kct3": "kct3",
    "sgc_lo": "sgclo", "sgc_ho": "sgcho", "mfr_code": "mfr",
}  # fmt: skip


class _Report:
    """Collects what does not agree with a vector's expected values."""

    def __init__(self, expected: dict) -> None:
        self.expected = expected
        self.bad: list = []

    def same(self, name: str, got: object) -> None:
        """Compare with expected[name]; a value the vector does not give is not compared."""
        if name in self.expected:
            self.equal(name, got, self.expected[name])

    def equal(self, name: str, got: object, wanted: object) -> None:
        if isinstance(wanted, str) and isinstance(got, str):
            wanted, got = wanted.lower(), got.lower()
        if got != wanted:
            self.bad.append(f"{name} is {got}, expected {wanted}")


def _hex(data: bytes) -> str:
    return "".join(f"{byte:02x}" for byte in data)


def _bytes(text: str) -> bytes:
    return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))


def _key(given: dict, variant: object = None) -> bytes:
    """The decoder key of a vector's derivation inputs."""
    return dkga.decoder_key(
        given["dkga"], _bytes(given["vk"]), given["pan"], given["kt"], given["sgc"], given["ti"],
        given["krn"], given.get("bdt", "93"), int(given.get("ea", "07")), variant,
    )  # fmt: skip


def _minutes(bdt: str, text: str) -> int:
    """Minutes since the base date of "2007-04-26T11:04:00Z" (seconds are dropped)."""
    date, clock = text.split("T")
    year, month, day = [int(part) for part in date.split("-")]
    hour, minute = [int(part) for part in clock.split(":")[:2]]
    return tid.minutes(bdt, year, month, day, hour, minute)


def _dkga(report: _Report, given: dict) -> None:
    key = _key(given)
    report.same("decoder_key", _hex(key))
    kt, sgc, ti, krn = given["kt"], given["sgc"], given["ti"], given["krn"]
    report.same("pan_block", _hex(dkga.pan_block(given["pan"], kt)))
    report.same("control_block", _hex(dkga.control_block(kt, sgc, ti, krn)))
    if given["dkga"] == "04":
        code = int(given["ea"])
        text = dkga.message(given["pan"], kt, sgc, ti, krn, given["bdt"], code, len(key))
        report.same("hmac_message", _hex(text))


def _dkga01(report: _Report, given: dict) -> None:
    inputs = dict(given)
    inputs["dkga"] = "01"
    report.same("decoder_key", _hex(_key(inputs, "xor-vk")))


def _values(given: dict) -> dict:
    """The raw field values a token vector asks for."""
    values = {_FIELDS[name]: given[name] for name in given if name in _FIELDS}
    if "nk_part" in given:
        values["nk"] = _bytes(given["nk_part"])
    if given["cls"] == 0 and given["subclass"] < 4 and "amount_tenths" in given:
        values["amount"] = amount.encode(given["amount_tenths"])
    if "amount_1e-5" in given:
        values["amount"] = amount.encode_currency(given["amount_1e-5"])
    return values


def _keyed_token(report: _Report, given: dict) -> None:
    key = _key(given)
    report.same("decoder_key", _hex(key))
    _token(report, given, key, _values(given))


def _token_kct(report: _Report, given: dict) -> None:
    """One section of a key change.

    In sections 1 and 2 the inputs' krn and ti are what the token carries, and the old key's own
    are not recorded: there the old key is taken as given. The new key is always derived.
    """
    new = given["new_key"]
    values = _values(given)
    if given["subclass"] == 3:
        values["krn"], values["kt"] = new["krn"], new["kt"]
    if given["subclass"] == 4:
        values["ti"] = int(new["ti"])
    key = _bytes(report.expected["decoder_key"])
    if given["subclass"] in (8, 9):
        report.same("decoder_key", _hex(_key(given)))
    new_key = _key(new)
    report.equal("new key", _hex(new_key), new["decoder_key"])
    start = {3: 0, 8: 4, 9: 8}.get(given["subclass"], len(new_key) - 4)
    report.equal("nk_part", _hex(new_key[start : start + 4]), given["nk_part"])
    _token(report, given, key, values)


def _token(report: _Report, given: dict, key: bytes, values: dict) -> None:
    code = int(given["ea"])
    cls, subclass = given["cls"], given["subclass"]
    block = fields.encode(cls, subclass, **values)
    report.same("block_clear", _hex(block))
    report.same("block_cipher", _hex(ea.encrypt(code, key, block)))
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
        report.equal("value_decoded", amount.decode(back.value), given["value_decoded"])
    if "time" in given:
        # An ordinary token of minute 00:01 carries the next TID, and several tokens of one
        # minute carry successive ones, so that the TID may run ahead of the time.
        ahead = given["tid"] - _minutes(given["bdt"], given["time"])
        if not 0 <= ahead <= 3:
            report.bad.append(f"TID is {ahead} minutes after its time")


def _class1(report: _Report, given: dict) -> None:
    control = int(given["control"], 16)
    cls, subclass, mfr = given["cls"], given["subclass"], given["mfr_code"]
    report.same("block_clear", _hex(fields.encode(cls, subclass, control=control, mfr=mfr)))
    report.same("token", token.make(cls, subclass, control=control, mfr=mfr))
    back = token.decode(report.expected["token"])
    found = back and (back.cls, back.subclass, back.field("control"), back.field("mfr"))
    report.equal("decoded", found, (cls, subclass, control, mfr))


def _kct_set(report: _Report, given: dict) -> None:
    old, new = given["old"], given["new"]
    old_key, new_key = _key(old), _key(new)
    code = int(old["ea"])
    report.same("old_decoder_key", _hex(old_key))
    report.same("new_decoder_key", _hex(new_key))
    numbers = (new["kt"], new["krn"], int(new["ti"]), given["ken"], given["ro"], int(new["sgc"]))
    sections = vendor.key_change_fields(new_key, *numbers, given["kct3"])
    clear = [_hex(fields.encode(2, sub, **values)) for sub, values in sections]
    report.same("blocks_clear", clear)
    report.same("tokens", vendor.key_change(old_key, code, new_key, *numbers, given["kct3"]))
    _enter_kct(report, given, old_key, new_key)


def _enter_kct(report: _Report, given: dict, old_key: bytes, new_key: bytes) -> None:
    """Enter the set's tokens at a meter, last one first, and see the new key in force."""
    old, new = given["old"], given["new"]
    sgc, ti = int(old["sgc"]), int(old["ti"])
    state = decoder.KeyState(old_key, int(old["ea"]), old["kt"], old["krn"], sgc, ti)
    meter = decoder.Decoder(state, decoder.TidStore())
    for digits in reversed(report.expected["tokens"]):
        result, found = meter.check(digits)
        report.equal("check", results.name(result), "Accept")
        if result != results.ACCEPT:
            return
        result = meter.commit(found)
    report.equal("last result", results.name(result), "Accept")
    report.equal("key in force", _hex(state.key), _hex(new_key))
    report.equal("KRN", state.krn, new["krn"])
    report.equal("TI", state.ti, int(new["ti"]))
    report.equal("KEN", state.ken, given["ken"])


def _cipher(report: _Report, given: dict, code: int) -> None:
    key, plain = _bytes(given["key"]), _bytes(given["plain"])
    cipher = ea.encrypt(code, key, plain)
    report.same("cipher", _hex(cipher))
    report.equal("decrypted", _hex(ea.decrypt(code, key, cipher)), given["plain"])


def _amount(report: _Report, given: dict) -> None:
    field = amount.encode(given["tenths"])
    report.same("field", field)
    report.same("decoded_tenths", amount.decode(field))


def _currency_amount(report: _Report, given: dict) -> None:
    field = amount.encode_currency(given["units_1e-5"])
    report.same("field20", field)
    report.same("decoded_1e-5", amount.decode_currency(field))


def _tid(report: _Report, given: dict) -> None:
    count = _minutes(given["bdt"], given["time"])
    report.same("tid", count)
    report.same("reserved", tid.is_reserved(count))
    report.same("ordinary_token_tid", tid.from_minutes(count) if count else None)
    year, month, day, hour, minute = tid.civil(given["bdt"], count)
    back = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}"
    report.equal("time", back, given["time"][:16])


def _meter_pan(report: _Report, given: dict) -> None:
    drn = pan.with_check(given["drn_without_check"])
    number = pan.pan_from_drn(drn)
    report.same("drn", drn)
    report.same("pan", number)
    report.same("iin", number[: 17 - len(drn)])
    report.same("pan_block_unique", _hex(dkga.pan_block(number, 2)))
    report.equal("DRN of the PAN", pan.drn_from_pan(number), drn)


def _crc(report: _Report, given: dict) -> None:
    block = _bytes(f"{given['subclass']:x}{given['body44']}0000")
    check = crc.field(given["cls"], block)
    sealed = block[:6] + bytes((check >> 8, check & 0xFF))
    report.same("crc_message", _hex(crc.message(given["cls"], block)))
    report.same("crc_field", f"{check:04x}")
    report.same("block_clear", _hex(sealed))
    report.equal("matches", crc.matches(given["cls"], sealed), True)


def _class_insert(report: _Report, given: dict) -> None:
    digits = token.join(given["cls"], _bytes(given["block64"]))
    report.same("token", digits)
    report.same("value66", f"{int(digits):017x}")
    cls, block = token.split(report.expected["token"])
    report.equal("split", (cls, _hex(block)), (given["cls"], given["block64"]))


def _token_reject(report: _Report, given: dict) -> None:
    key = decoder.KeyState(_bytes(given["decoder_key"]), int(given["ea"]))
    result, _ = decoder.Decoder(key, decoder.TidStore()).check(given["token"])
    report.same("auth", results.name(result))
    report.same("cls", token.split(given["token"])[0])


KINDS = {
    "dkga01": _dkga01,
    "dkga02": _dkga,
    "dkga04": _dkga,
    "token_class0": _keyed_token,
    "token_class1": _class1,
    "token_class2": _keyed_token,
    "token_currency": _keyed_token,
    "token_ea09": _keyed_token,
    "token_kct": _token_kct,
    "token_reject": _token_reject,
    "kct_set": _kct_set,
    "sta_block": lambda report, given: _cipher(report, given, 7),
    "des_block": lambda report, given: _cipher(report, given, 9),
    "misty1_block": lambda report, given: _cipher(report, given, 11),
    "amount": _amount,
    "currency_amount": _currency_amount,
    "tid": _tid,
    "meter_pan": _meter_pan,
    "crc": _crc,
    "class_insert": _class_insert,
}


def check(vector: dict) -> "list[str] | None":
    """What of a vector does not agree: a list of sentences, or None for an unknown kind."""
    function = KINDS.get(vector["kind"])
    if function is None:
        return None
    report = _Report(vector["expected"])
    try:
        function(report, vector["inputs"])
    except Exception as error:
        # A vector with missing or impossible inputs must be named like any other failure.
        report.bad.append(f"{type(error).__name__}: {error}")
    return report.bad


def main() -> None:
    """Answer vectors on standard input, one a line, until it ends."""
    import json
    import sys

    for line in sys.stdin:
        if line.strip():
            print(json.dumps(check(json.loads(line))))


if __name__ == "__main__":
    main()
