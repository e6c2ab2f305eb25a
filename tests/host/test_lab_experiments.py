"""The Token lab's sentences about flipped bits."""

import json
from dataclasses import replace

import pytest
from examples import examples
from explain_kit import GAS, KEY02
from hypothesis import given, settings
from hypothesis import strategies as st

from sts_portable import crc, ea, token, vendor
from tjugo.errors import TjugoError
from tjugo.sts.lab import Experiment, run

SWITCH = "00000000000150997584"  # class 1, in clear


def said(answer):
    return " ".join(answer["effect"]["sentences"])


def test_nothing_flipped():
    answer = run(GAS, KEY02, Experiment())
    assert (answer["now"]["token"], answer["effect"]) == (GAS, None)


@given(st.integers(0, 65).filter(lambda bit: bit not in (27, 28)))
@settings(max_examples=30)
def test_a_flipped_token_bit_ends_in_a_crc_error(bit):
    """The cipher spreads it: with 64 bits that change by chance, fewer than 10 would be a
    wonder (one in 10^8 tries)."""
    answer = run(GAS, KEY02, Experiment(token_bits=(bit,)))
    effect = answer["effect"]
    assert int(answer["now"]["token"]) == int(GAS) ^ 1 << bit
    assert effect["token_bits"] == [bit] and len(effect["cipher_bits"]) == 1
    assert 10 <= len(effect["clear_bits"]) <= 54
    assert (effect["result"], answer["now"]["result"]) == ("Accept", "CRCError")
    assert "CRCError" in said(answer) and "The check field should be" in said(answer)


CLASSES = [((27,), 1, "in clear"), ((28,), 2, "decrypts it"), ((27, 28), 3, "class 3 is reserved")]


@pytest.mark.parametrize(("bits", "cls", "words"), CLASSES)
def test_flipping_the_class(bits, cls, words):
    answer = run(GAS, KEY02, Experiment(token_bits=bits))
    assert answer["now"]["cls"] == cls
    assert f"The class went from 0 to {cls}." in said(answer) and words in said(answer)
    assert answer["now"]["result"] in ("CRCError", "FunctionError")


@pytest.mark.parametrize("bits", [(0,), (28,), (3, 28, 40)])
def test_a_registered_meters_key_decrypts_no_changed_token(bits):
    answer = run(GAS, replace(KEY02, hidden=True), Experiment(token_bits=bits))
    assert answer["effect"]["result"] == "Accept" and answer["now"]["result"] == "CRCError"
    assert (answer["now"]["clear"], answer["effect"]["clear_bits"]) == ("", [])
    assert "should be" not in said(answer) and "CRCError" in said(answer)


def test_a_flipped_clear_bit_spreads_the_other_way():
    answer = run(GAS, KEY02, Experiment(clear_bits=(20,)))
    effect = answer["effect"]
    assert effect["clear_bits"] == [20]
    assert 10 <= len(effect["cipher_bits"]) <= 54
    assert answer["now"]["result"] == "CRCError"


def test_with_its_check_field_repaired_it_is_another_token():
    answer = run(GAS, KEY02, Experiment(clear_bits=(20,), repair=True))
    assert answer["now"]["result"] == "Accept"
    assert "another token, made with the key" in said(answer)
    made = token.decode(answer["now"]["token"], KEY02.key)
    assert made.value == token.decode(GAS, KEY02.key).value ^ 1 << 4


def test_class_1_needs_no_key():
    answer = run(SWITCH, None, Experiment(clear_bits=(25,), repair=True))
    control = token.decode(answer["now"]["token"]).field("control")
    assert (control, answer["now"]["result"]) == (3, "Accept")
    broken = run(SWITCH, None, Experiment(token_bits=(25,)))
    assert broken["effect"]["clear_bits"] == [25]
    assert broken["now"]["result"] == "CRCError"


def test_without_a_key_only_the_outside_is_seen():
    answer = run(GAS, None, Experiment(token_bits=(5,)))
    assert answer["effect"]["clear_bits"] == []
    assert said(answer).endswith("The meter's result is unknown without the key.")
    with pytest.raises(TjugoError):
        run(GAS, None, Experiment(clear_bits=(5,)))


def test_a_registered_meters_key_reads_and_does_not_write():
    """Or any credit could be made without a sale."""
    hidden = replace(KEY02, hidden=True)
    answer = run(GAS, hidden, Experiment(token_bits=(5,)))
    assert answer["now"]["result"] == "CRCError"
    assert KEY02.key.hex() not in json.dumps(answer).replace(" ", "")
    for experiment in (Experiment(clear_bits=(5,)), Experiment(repair=True)):
        with pytest.raises(TjugoError) as refused:
            run(GAS, hidden, experiment)
        assert "sale" in refused.value.message


@pytest.mark.parametrize(
    "experiment", [Experiment(token_bits=(66,)), Experiment(clear_bits=(64,))]
)
def test_bits_that_are_not_there(experiment):
    with pytest.raises(TjugoError):
        run(GAS, KEY02, experiment)


@given(st.sets(st.integers(0, 65), max_size=6), st.sets(st.integers(0, 63), max_size=6))
@settings(max_examples=50)
def test_any_experiment_has_an_answer(token_bits, clear_bits):
    experiment = Experiment(tuple(token_bits), tuple(clear_bits))
    answer = run(GAS, KEY02, experiment)
    now = answer["now"]
    assert json.loads(json.dumps(answer)) is not None
    if now["clear"]:
        block = int(now["clear"], 2).to_bytes(8, "big")
        assert (now["result"] == "CRCError") == (not crc.matches(now["cls"], block))


def test_a_key_change_rewritten_as_credit_stays_encrypted():
    """Its sections are halves of the next decoder key."""
    hidden = replace(KEY02, hidden=True)
    assert run(GAS, hidden, Experiment())["now"]["clear"]
    now = {"minute": 1, "bdt": "14", "old_bdt": "14"}
    sections = vendor.key_change(KEY02.key, 7, bytes(range(8)), 2, 1, 7, 255, False, 123456, **now)
    for digits in sections:
        with pytest.raises(TjugoError, match="part of a decoder key"):
            run(digits, hidden, Experiment())
        rewritten = f"{int(digits) ^ 1 << 28:020d}"
        shown = run(rewritten, hidden, Experiment())["now"]
        clear = ea.decrypt(7, KEY02.key, token.split(digits)[1])
        text = json.dumps(shown)
        assert shown["clear"] == "" and shown["cls"] == 0
        assert [step["id"] for step in shown["steps"]] == [
            *("digits", "bits66", "class", "cipher", "meter")
        ]
        assert f"{int.from_bytes(clear, 'big'):064b}" not in text
        assert clear.hex() not in text.replace(" ", "")


@given(st.integers(0, (1 << 66) - 1))
@settings(max_examples=examples(100))
def test_no_block_is_decrypted_for_who_does_not_have_the_key(number):
    """Unless its check field agrees, which nobody can arrange."""
    hidden = replace(KEY02, hidden=True)
    digits = f"{number:020d}"
    cls, block = token.split(digits)
    clear = ea.decrypt(7, KEY02.key, block)
    if token.is_encrypted(cls) and not crc.matches(cls, clear):
        answer = run(digits, hidden, Experiment())["now"]
        assert answer["clear"] == "" and answer["result"] == "CRCError"
        assert clear.hex() not in json.dumps(answer).replace(" ", "")


def test_an_experiment_under_a_hidden_key_shows_the_token_bits_only():
    effect = run(GAS, replace(KEY02, hidden=True), Experiment(token_bits=(40,)))["effect"]
    assert effect["token_bits"] == [40] and effect["clear_bits"] == []
    assert any("not shown" in sentence for sentence in effect["sentences"])
