"""Checks of the parts of a token: keys, ciphers, amounts, TIDs, meter numbers, CRC, class."""

from sts_portable import amount, crc, dkga, ea, fields, pan, tid, token

from .report import Report, bytes_of, hex_of, key_of, minutes_of


def _dkga(report: Report, given: dict) -> None:
    key = key_of(given)
    report.same("decoder_key", hex_of(key))
    kt, sgc, ti, krn = given["kt"], given["sgc"], given["ti"], given["krn"]
    report.same("pan_block", hex_of(dkga.pan_block(given["pan"], kt)))
    report.same("control_block", hex_of(dkga.control_block(kt, sgc, ti, krn)))
    if given["dkga"] == "04":
        code = int(given["ea"])
        text = dkga.message(given["pan"], kt, sgc, ti, krn, given["bdt"], code, len(key))
        report.same("hmac_message", hex_of(text))


def _dkga01(report: Report, given: dict) -> None:
    inputs = dict(given)
    inputs["dkga"] = "01"
    report.same("decoder_key", hex_of(key_of(inputs, "xor-vk")))


def _cipher(report: Report, given: dict, code: int) -> None:
    key, plain = bytes_of(given["key"]), bytes_of(given["plain"])
    cipher = ea.encrypt(code, key, plain)
    report.same("cipher", hex_of(cipher))
    report.equal("decrypted", hex_of(ea.decrypt(code, key, cipher)), given["plain"])


def _amount(report: Report, given: dict) -> None:
    field = amount.encode(given["tenths"])
    report.same("field", field)
    report.same("decoded_tenths", amount.decode(field))


def _currency_amount(report: Report, given: dict) -> None:
    field = amount.encode_currency(given["units_1e-5"])
    report.same("field20", field)
    report.same("decoded_1e-5", amount.decode_currency(field))


def _tid(report: Report, given: dict) -> None:
    count = minutes_of(given["bdt"], given["time"])
    report.same("tid", count)
    report.same("reserved", tid.is_reserved(count))
    report.same("ordinary_token_tid", tid.from_minutes(count) if count else None)
    year, month, day, hour, minute = tid.civil(given["bdt"], count)
    back = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}"
    report.equal("time", back, given["time"][:16])


def _meter_pan(report: Report, given: dict) -> None:
    drn = pan.with_check(given["drn_without_check"])
    number = pan.pan_from_drn(drn)
    report.same("drn", drn)
    report.same("pan", number)
    report.same("iin", number[: 17 - len(drn)])
    report.same("pan_block_unique", hex_of(dkga.pan_block(number, 2)))
    report.equal("DRN of the PAN", pan.drn_from_pan(number), drn)


def _crc(report: Report, given: dict) -> None:
    block = bytes_of(f"{given['subclass']:x}{given['body44']}0000")
    check = crc.field(given["cls"], block)
    sealed = block[:6] + bytes((check >> 8, check & 0xFF))
    report.same("crc_message", hex_of(fields.crc_message(given["cls"], block)))
    report.same("crc_field", f"{check:04x}")
    report.same("block_clear", hex_of(sealed))
    report.equal("matches", crc.matches(given["cls"], sealed), True)


def _class_insert(report: Report, given: dict) -> None:
    digits = token.join(given["cls"], bytes_of(given["block64"]))
    report.same("token", digits)
    report.same("value66", f"{int(digits):017x}")
    cls, block = token.split(report.expected["token"])
    report.equal("split", (cls, hex_of(bytes(block))), (given["cls"], given["block64"]))


KINDS = {
    "dkga01": _dkga01,
    "dkga02": _dkga,
    "dkga04": _dkga,
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
