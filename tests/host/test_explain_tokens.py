"""Explanations of every vector, every round and every result, without secrets."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from explain_kit import GAS, KEY02, KEY11, PAN, VK02, VK04, facts, key_of, of_kind, values
from hypothesis import given
from hypothesis import strategies as st

from sts_portable import crc, ea, token, vendor
from tjugo.errors import TjugoError
from tjugo.key_register import KeyRegister
from tjugo.sts.explain import Sale, explain_sale, explain_token, rounds
from tjugo.sts.explain.key import DecoderKey, Derivation, KeyQuestion, derive
from tjugo.sts.explain.key_steps import key_steps
from tjugo.sts.explain.sale import minute_of, parse_moment, parse_units
from tjugo.sts.explain.text import render

KEYED = of_kind("token_class0", "token_class2", "token_currency", "token_ea09")
CLASS0 = [vector for vector in of_kind("token_class0") if "amount_tenths" in vector["inputs"]]
_NAMES = {
    "rnd": "rnd", "tid": "tid", "amount_field": "amount", "amount_field20": "amount",
    "register": "register", "rate": "rate", "pad": "pad", "wm_factor": "factor",
    "ext_index": "index", "flag_index": "flag", "flag_value": "state", "value16": "value",
}  # fmt: skip


@pytest.mark.parametrize("vector", KEYED, ids=lambda vector: vector["id"])
def test_a_token_is_taken_apart(vector):
    given, expected = vector["inputs"], vector["expected"]
    found = explain_token(expected["token"], key_of(given))
    assert f"{int(found.clear, 2):016x}" == expected["block_clear"]
    if "block_cipher" in expected:
        assert f"{int(found.cipher, 2):016x}" == expected["block_cipher"]
    assert facts(found.step("key"))["decoder key"] == expected["decoder_key"]
    assert found.step("crc").facts[-1].note == "equal: the block is authentic"
    shown = values(found)
    for name, field in _NAMES.items():
        if name in given:
            assert shown[field] == str(given[name])
    assert found.result != "CRCError"


def test_keys_of_the_vectors():
    for vector in of_kind("dkga02", "dkga04"):
        found, expected = facts(key_steps(key_of(vector["inputs"]))[-1]), vector["expected"]
        assert found["decoder key"] == expected["decoder_key"]
        for name, shown in (("pan_block", "PANBlock"), ("control_block", "CONTROLBlock")):
            if name in expected and shown in found:
                assert found[shown] == expected[name].lower()
        if "hmac_message" in expected:
            assert found["message"] == expected["hmac_message"].lower()


DES_FAMILY = [
    ("01", VK02, "xor-vk"),
    ("01", VK02, "no-xor"),
    ("02", VK02, None),
    ("03", "0123456789abcdef" + VK02, "xor-d"),
    ("03", "0123456789abcdef" + VK02, "no-xor"),
]


@pytest.mark.parametrize(("dkga", "vk", "variant"), DES_FAMILY)
def test_the_last_operation_gives_the_key(dkga, vk, variant):
    key = KeyQuestion(vk=vk, pan=PAN, dkga=dkga, variant=variant, sgc=100000).answer()
    step = key_steps(key)[-1]
    assert step.table.rows[-1][1].replace(" ", "") == key.key.hex()


def test_the_parts_of_the_message_are_the_message():
    for vector in of_kind("dkga04"):
        step = key_steps(key_of(vector["inputs"]))[-1]
        assert "".join(row[0] for row in step.table.rows) == facts(step)["message"]
        texts = [row[1] for row in step.table.rows]
        assert texts[1] == "04" and texts[10] == vector["inputs"]["pan"]


def test_a_common_key_says_which_pan_it_is_made_of():
    how = Derivation("04", bytes.fromhex(VK04), PAN, "pan-600727")
    register = {"kt": 3, "sgc": 1, "ti": 1, "krn": 1, "bdt": "14"}
    key = DecoderKey(derive(how, KeyRegister(**register)), how, **register)
    step = key_steps(key)[-1]
    assert step.table.rows[10][1] == "600727000000000000"
    assert facts(step)["HMAC-SHA-256"].startswith(facts(step)["decoder key"])


CIPHERS = {"sta_block": 7, "des_block": 9, "misty1_block": 11}


@pytest.mark.parametrize("kind", CIPHERS)
def test_rounds_end_in_what_the_cipher_gives(kind):
    last = {
        7: lambda row: row[-1],
        9: lambda row: row[-2] + row[-1],
        11: lambda row: row[1] + row[2],
    }
    code = CIPHERS[kind]
    for vector in of_kind(kind):
        key, plain = (bytes.fromhex(vector["inputs"][name]) for name in ("key", "plain"))
        cipher = bytes.fromhex(vector["expected"]["cipher"])
        forth = rounds.trace(code, key, plain, decrypting=False)
        back = rounds.trace(code, key, cipher, decrypting=True)
        assert last[code](forth.rows[-1]) == cipher.hex()
        assert last[code](back.rows[-1]) == plain.hex()


# Printed in the manual of the Landis+Gyr Cashpower Sabre Mk5.
SABRE = [
    ("0000 0000 0001 5099 7584", "test 1: test load switch"),
    ("0000 0000 0001 6777 4880", "test 2: test information display"),
    ("0000 0000 0002 0132 8896", "test 3: display cumulative kWh register totals"),
    ("1844 6744 0738 4377 2416", "test 4: display KRN"),
    ("3689 3488 1475 5332 2496", "test 5: display TI"),
    ("0000 0000 0012 0797 4400", "test 7: display maximum power limit"),
]


@pytest.mark.parametrize(("digits", "meaning"), SABRE)
def test_class_1_tokens_known_from_the_field(digits, meaning):
    found = explain_token(digits.replace(" ", ""))
    control = next(f for f in found.step("fields").bits.fields if f.name == "control")
    assert (found.cls, found.result, control.meaning) == (1, "Accept", meaning)
    assert values(found)["mfr"] == "0"


def test_class_1_vectors():
    for vector in of_kind("token_class1"):
        found, given = explain_token(vector["expected"]["token"]), vector["inputs"]
        shown, control = values(found), int(given["control"], 16)
        if given["subclass"] == 2:
            assert (int(shown["index"]), int(shown["data"])) == divmod(control, 1 << 30)
        else:
            assert shown["control"] == str(control)
        assert found.result == ("MfrCodeError" if given["mfr_code"] else "Accept")
        own = explain_token(vector["expected"]["token"], mfr_code=given["mfr_code"])
        assert own.result == "Accept"


def test_all_bits_of_a_test_are_test_0():
    found = explain_token("56493153725450313471")
    control = next(f for f in found.step("fields").bits.fields if f.name == "control")
    assert control.meaning == "test 0: all tests and displays"


def test_key_change_sections():
    """Check the result of the first section, and that the fields are those of the vector."""
    names = {3: "1stKCT", 4: "2ndKCT", 8: "3rdKCT", 9: "4thKCT"}
    for vector in of_kind("token_kct"):
        key = DecoderKey(
            bytes.fromhex(vector["expected"]["decoder_key"]), ea=vector["inputs"]["ea"]
        )
        found = explain_token(vector["expected"]["token"], key)
        assert found.result == names[vector["inputs"]["subclass"]]
        assert values(found)["nk"] == vector["inputs"]["nk_part"]


@pytest.mark.parametrize("vector", CLASS0, ids=lambda vector: vector["id"])
def test_a_sale_ends_in_the_vectors_digits(vector):
    given = vector["inputs"]
    sale = Sale(given["subclass"], given["amount_tenths"], 0, given["rnd"], given["tid"])
    found = explain_sale(sale, key_of(given))
    assert found.token == vector["expected"]["token"]
    assert [step.id for step in found.steps][-3:] == ["bits66", "digits", "meter"]


def test_a_currency_sale():
    for vector in of_kind("token_currency"):
        given = vector["inputs"]
        key = replace(key_of(given), kt=2)
        sale = Sale(given["subclass"], given["amount_1e-5"], 0, 0, given["tid"])
        assert explain_sale(sale, key).token == vector["expected"]["token"]


def test_the_reserved_minute_is_passed_over():
    minute = parse_moment("2016-11-22 00:01", "93")
    assert minute % 1440 == 1
    found = explain_sale(Sale(0, 200, minute, 5), KEY02)
    assert int(values(found)["tid"]) == minute + 1
    assert "00:01" in found.step("tid").facts[-1].note


RESULTS = [
    ("DDTKError", replace(KEY02, kt=1), (0, 0, {"tid": 5, "amount": 1})),
    ("OldError", KEY02, (0, 0, {"tid": 0, "amount": 1})),
    ("KeyExpiredError", replace(KEY02, ken=0), (0, 0, {"tid": 65536, "amount": 1})),
    ("RangeError", KEY02, (2, 1, {"tid": 5, "register": 9})),
    ("FormatError", KEY02, (2, 5, {"tid": 5, "pad": 1})),
    ("FunctionError", KEY02, (2, 11, {"tid": 5, "value": 1})),
    ("KeyTypeError", KEY02, (2, 3, {"krn": 1, "kt": 3, "nk": bytes(4)})),
    ("MfrCodeError", KEY02, (1, 0, {"control": 1, "mfr": 7})),
]


@pytest.mark.parametrize(("result", "key", "made"), RESULTS, ids=lambda value: str(value)[:12])
def test_what_the_meter_answers(result, key, made):
    cls, subclass, content = made
    digits = token.make(cls, subclass, key.key, key.ea, **content)
    assert explain_token(digits, key).result == result


def test_class_3_is_refused():
    found = explain_token(token.join(3, bytes(8)), KEY02)
    assert (found.cls, found.result, found.clear) == (3, "FunctionError", "")
    assert [step.id for step in found.steps] == ["digits", "bits66", "class", "meter"]


def test_without_a_key_an_encrypted_token_stays_shut():
    found = explain_token(GAS)
    assert (found.result, found.clear, found.step("fields")) == (None, "", None)
    assert found.step("class").facts[2].value == "aca6 59f6 c857 6a9c"


def test_a_wrong_key_is_said_before_its_noise():
    found = explain_token(GAS, replace(KEY02, key=bytes(8), derivation=None))
    assert found.result == "CRCError"
    assert "does not agree" in found.step("fields").say[-1]
    assert found.step("crc").facts[-1].note == "different: CRCError"


@given(st.integers(0, 2**66 - 1))
def test_any_number_below_2_66_can_be_explained(number):
    for key in (KEY02, KEY11, None):
        found = explain_token(f"{number:020d}", key)
        assert json.loads(json.dumps(found.as_json()))["token"] == f"{number:020d}"
        assert found.step("bits66").bits.bits == f"{number:066b}"
        if found.clear:
            covered = [
                bit
                for field in found.step("fields").bits.fields
                for high, low in field.pieces
                for bit in range(low, high + 1)
            ]
            assert sorted(covered) == list(range(64))
            block = int(found.clear, 2).to_bytes(8, "big")
            output = found.step("crc").table.rows[-1][1]
            assert int(output[2:] + output[:2], 16) == crc.field(found.cls, block)
        assert all(len(line) <= 100 for line in render(found).splitlines())


@pytest.mark.parametrize("vector", KEYED[::25], ids=lambda vector: vector["id"])
def test_text_fits_100_columns(vector):
    text = render(
        explain_token(vector["expected"]["token"], key_of(vector["inputs"]), rounds=True)
    )
    assert max(map(len, text.splitlines())) <= 100
    assert text.endswith("\n") and "TokenResult" in text


def key_change_part(key):
    now = {"minute": 5, "bdt": "93", "old_bdt": "93"}
    return vendor.key_change(key, 7, bytes(8), 2, 1, 1, 255, 0, 123456, **now)[0]


def test_a_hidden_key_is_not_told():
    hidden = replace(KEY02, hidden=True)
    found = explain_token(GAS, hidden)
    shown = json.dumps(found.as_json()).replace(" ", "")
    assert found.result == "Accept"
    assert KEY02.key.hex() not in shown and VK02 not in shown
    assert KEY02.key.hex() not in repr(hidden) and VK02 not in repr(hidden)
    part = key_change_part(KEY02.key)
    for refused in (
        lambda: explain_token(GAS, hidden, rounds=True),
        lambda: explain_token(part, hidden),
        lambda: explain_sale(Sale(0, 1, 5, 5), hidden),
    ):
        with pytest.raises(TjugoError):
            refused()


def reclassed(digits, cls):
    """Return the digits of the same encrypted block under another class."""
    return token.join(cls, token.split(digits)[1])


def test_a_hidden_key_decrypts_nothing_but_its_own_tokens():
    """Check that a block decrypted by a hidden key is shown only if the CRC is correct."""
    hidden = replace(KEY02, hidden=True)
    part = key_change_part(KEY02.key)
    asked = [reclassed(part, 0), reclassed(GAS, 2), f"{int(GAS) ^ 1:020d}", "0" * 20]
    for digits in asked:
        cls, block = token.split(digits)
        clear = ea.decrypt(7, KEY02.key, block)
        found = explain_token(digits, hidden)
        shown = json.dumps(found.as_json()).replace(" ", "")
        assert (found.cls, found.result, found.clear) == (cls, "CRCError", "")
        assert clear.hex() not in shown and f"{int.from_bytes(clear, 'big'):064b}" not in shown
        assert clear[2:6].hex() not in shown  # of a key change: half of the new key
        assert f"{crc.field(cls, clear):04x}" not in shown
        assert "not shown" in found.step("cipher").say[-1]
        assert "CRCError" in render(found)
        # With a given key everything is shown.
        assert explain_token(digits, KEY02).clear


WRONG_KEYS = [
    ({"key": "xyz"}, "The decoder key must be in hex digits."),
    ({"key": "ab"}, "EA07 needs a decoder key of 16 digits."),
    ({"key": "ab", "vk": "ab"}, "Give the decoder key or a vending key, not both."),
    ({"vk": VK04}, "Deriving a key needs the meter: give its DRN or its MeterPAN."),
    ({"vk": "zz", "pan": PAN}, "The vending key must be in hex digits."),
    ({"vk": "ab", "pan": PAN}, "DKGA04 needs a vending key of 20 bytes, not 1."),
    ({"vk": VK04, "pan": "1"}, "A MeterPAN has 18 decimal digits, not '1'."),
    ({"vk": VK04, "pan": PAN, "drn": "01000000016"}, "The DRN and the MeterPAN are of two"),
    ({"vk": VK04, "pan": PAN, "krn": 0}, "KRN must be 1 to 9."),
    ({"vk": VK04, "pan": PAN, "ea": 8}, "EA must be 07, 09 or 11."),
    ({"vk": VK04, "pan": PAN, "bdt": "15"}, "BDT must be 93, 14 or 35."),
    ({"vk": VK04, "pan": PAN, "kt": 3}, "Sources disagree about DKGA04 KT 3"),
]


@pytest.mark.parametrize(("given", "sentence"), WRONG_KEYS, ids=lambda value: str(value)[:30])
def test_wrong_keys_are_sentences(given, sentence):
    with pytest.raises(TjugoError) as refused:
        KeyQuestion(**given).answer()
    assert refused.value.message.startswith(sentence)
    assert refused.value.status == 2


def test_no_key_at_all():
    assert KeyQuestion().answer() is None


def test_amounts_and_moments():
    assert parse_units("7.5", 0) == 75 and parse_units("-0.00001", 4) == -1
    assert parse_moment("2014-01-01 00:05", "14") == 5
    assert parse_moment("2014-01-01T01:05+01:00", "14") == 5
    wrong = [("1e3", 0), ("-1", 0), ("0.05", 0), ("1", 8), ("0.000001", 4), ("", 0)]
    for text, subclass in wrong:
        with pytest.raises(TjugoError):
            parse_units(text, subclass)
    for text in ("noon", "2013-12-31 23:59", "2050-01-01"):
        with pytest.raises(TjugoError):
            parse_moment(text, "14")
    assert minute_of(datetime(2014, 1, 2, 0, 1), "14") == 1441
