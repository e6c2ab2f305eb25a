"""The proof of a token's result: what is signed, and that the same answer is given again.

The expected MACs were computed with Python's hmac, not with this project's code; the test in
test_answers.py computes them anew.
"""

from binascii import unhexlify

from meter_rig import DRN, FIRST_TID, KEY, Memory, press, token
from modbus_rig import Line

from meterbus import answer, client, codes, frame, registers
from sts_portable import results, vendor
from sts_portable.hmac import hmac_sha256

NEW_KEY = bytes(range(8))
TEST_TOKEN = vendor.meter_test(0, 0, 0)
# (key, DRN, digits, ref, result, credit_wh, sequence, mac)
VECTORS = (
    (
        "e653341f9d5bf36f",
        "00000000000",
        "12345678901234567890",
        9,
        1,
        20000,
        2,
        "cf115f31310e6aad",
    ),
    (
        "00" * 8,
        "12345678903",
        "00000000000000000000",
        4294967295,
        13,
        -2147483648,
        4294967295,
        "6bd6d55fc787d131",
    ),
    (
        "0123456789abcdef" * 2,
        "0600727000009",
        "99999999999999999999",
        1,
        10,
        -1,
        0,
        "317c5f2784bfd5fe",
    ),
)


def signed(key, drn, digits, ref, result, credit_wh, sequence):
    """Return the MAC as hexadecimal text."""
    text = answer.message(drn, digits, ref, result, credit_wh, sequence)
    mac = hmac_sha256(hmac_sha256(key, answer.LABEL), text)[: answer.MAC_BYTES]
    return "".join("%02x" % byte for byte in mac)


def read(line):
    """Return the answer as a collector reads it."""
    return line.read(registers.ANSWER_START, registers.ANSWER_COUNT)


def refused(line):
    """Return the exception code of that read, 0 for none."""
    request = client.read_request(1, 3, registers.ANSWER_START, registers.ANSWER_COUNT)
    return line.ask(request).exception


def deliver(line, digits, ref):
    assert line.enter(digits, ref) == 0
    line.view.work()


def expected(line, digits, ref, result, key=KEY):
    credit_wh, sequence = line.meter.account.credit, line.meter.events.sequence
    return {
        "result": result,
        "result_ref": ref,
        "result_credit": credit_wh,
        "result_sequence": sequence,
        "result_mac": signed(key, DRN, digits, ref, result, credit_wh, sequence),
    }


def test_the_vectors():
    for vector in VECTORS:
        assert signed(unhexlify(vector[0]), *vector[1:7]) == vector[7], vector


def test_an_accepted_token_has_a_proof():
    line = Line()
    assert refused(line) == frame.SERVER_DEVICE_FAILURE
    assert not line.meter.known() & codes.KNOWN_ANSWER
    assert line.enter(token(200), 9) == 0
    assert refused(line) == frame.SERVER_DEVICE_FAILURE  # Busy: nothing is known yet
    line.view.work()
    assert line.meter.known() & codes.KNOWN_ANSWER
    found = read(line)
    assert found == expected(line, token(200), 9, results.ACCEPT)
    assert found["result_credit"] == 20000


def test_a_refused_token_has_a_proof_and_its_own():
    line = Line()
    deliver(line, token(200), 9)
    accepted = read(line)
    deliver(line, token(200), 10)
    assert read(line) == expected(line, token(200), 10, results.USED_ERROR)
    assert read(line)["result_mac"] != accepted["result_mac"]
    deliver(line, token(200), 9)  # the one accepted last is answered as before
    assert read(line) == accepted


def test_the_answer_is_the_same_after_energy_repetition_and_restart():
    memory = Memory()
    line = Line(memory)
    deliver(line, token(200), 9)
    first = read(line)
    line.meter.pulses(5000)
    press(line.meter, token(100, 1) + "#")
    assert read(line) == first
    deliver(line, token(200), 9)
    assert read(line) == first
    for _ in range(2):
        line = Line(memory)
        assert read(line) == first
        deliver(line, token(200), 9)
        assert read(line) == first
    assert line.meter.account.credit == 25000


def test_a_token_without_a_key_takes_nobody_s_place():
    """Anybody may enter it: the answer to a credit that was accepted is repeated all the same."""
    line = Line(features="full")
    deliver(line, token(200), 9)
    first = read(line)
    deliver(line, TEST_TOKEN, 10)
    deliver(line, token(200), 9)
    assert read(line) == first and line.meter.account.credit == 20000


def test_a_restart_between_the_write_and_the_answer():
    memory = Memory()
    line = Line(memory)
    line.enter(token(200), 9)
    line = Line(memory)  # before the token was entered
    assert line.result() == (results.NONE, 0)
    assert refused(line) == frame.SERVER_DEVICE_FAILURE
    deliver(line, token(200), 9)
    assert read(line) == expected(line, token(200), 9, results.ACCEPT)


def test_another_token_under_the_same_reference_has_another_proof():
    """A test token needs no key: its Accept must not pass for that of the credit."""
    line = Line(features="full")
    deliver(line, TEST_TOKEN, 9)
    found = read(line)
    assert found["result"] == results.ACCEPT
    values = (9, results.ACCEPT, found["result_credit"], found["result_sequence"])
    assert found["result_mac"] == signed(KEY, DRN, TEST_TOKEN, *values)
    assert found["result_mac"] != signed(KEY, DRN, token(200), *values)


def test_the_last_section_of_a_key_change_is_signed_with_the_new_key():
    memory = Memory()
    line = Line(memory)
    sections = vendor.key_change(
        KEY, 7, NEW_KEY, 2, 2, 1, 255, False, 123456, minute=FIRST_TID, bdt="93", old_bdt="93"
    )
    deliver(line, sections[0], 7)
    assert read(line) == expected(line, sections[0], 7, results.FIRST_KCT)
    deliver(line, sections[1], 8)
    found = read(line)
    assert found == expected(line, sections[1], 8, results.ACCEPT, NEW_KEY)
    assert read(Line(memory)) == found


def test_what_has_no_proof():
    line = Line()
    deliver(line, token(200), 0)
    assert line.result() == (results.ACCEPT, 0)
    assert refused(line) == frame.SERVER_DEVICE_FAILURE
    for number in range(4):
        deliver(line, token(10, number, bytes(8)), 20 + number)
    deliver(line, token(200, 5), 30)
    assert line.result() == (results.LOCKOUT_ERROR, 30)
    assert refused(line) == frame.SERVER_DEVICE_FAILURE


def test_a_token_that_was_not_stored_leaves_the_answer_before():
    memory = Memory()
    line = Line(memory)
    deliver(line, token(200), 5)
    before = read(line)
    memory.broken = True
    deliver(line, token(100, 1), 6)
    assert read(line) == before
    memory.broken = False
    assert read(Line(memory)) == before
