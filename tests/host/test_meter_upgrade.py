"""Ledgers of earlier firmware: each form that was released must load, and lose or double nothing.

The images in tests/host/ledgers were written by the firmware of that form; ledgers.json has what
is in them.
"""

import json
import sys
from pathlib import Path

import pytest
from meter_process import MeterBoard

from sts_portable import results

HERE = Path(__file__).parent
sys.path.append(str(HERE / "portable"))

from meter_rig import Mark, PowerCut  # noqa: E402
from meter_rig import Memory as Small  # noqa: E402

from meter.busview import BusView  # noqa: E402
from meter.core import Meter  # noqa: E402
from meter.store import slots  # noqa: E402
from meterbus import codes  # noqa: E402

LEDGERS = HERE / "ledgers"


class Memory(Small):
    """A memory with the places of all events."""

    size = 4096


FACTS = json.loads((LEDGERS / "ledgers.json").read_text())


@pytest.fixture(params=sorted(FACTS))
def name(request):
    return request.param


def image(name: str) -> bytes:
    return (LEDGERS / f"{name}.bin").read_bytes()


def start(name: str, memory: Memory) -> Meter:
    return Meter(FACTS[name]["settings"], memory, 1000, "", Mark())


def check(meter: Meter, facts: dict, failures: int = 1) -> None:
    """Check that everything the older firmware stored is there."""
    assert meter.ledger.fault == ""
    assert meter.account.energy_wh == facts["energy_wh"]
    assert meter.account.credit == facts["credit_wh"]
    assert meter.account.last_amount == facts["last_amount"]
    assert meter.events.power_fail_count == facts["power_fail_count"] + failures
    assert meter.events.sequence == facts["sequence"] + failures
    assert meter.tokens.last_result == facts["last_result"]
    assert meter.tokens.bus_ref == facts["bus_ref"]
    assert all(meter.tokens.tids.contains(tid) for tid in facts["used"]["tids"])
    found = meter.tokens.key
    key = {field: getattr(found, field) for field in ("ea", "kt", "krn", "ti", "ken", "sgc")}
    key |= {"key": found.key.hex(), "from_token": meter.tokens.key_from_token}
    assert key == facts["key"]


def trade(meter: Meter, facts: dict) -> None:
    """Check that used tokens stay used, the last one's reference is answered, a new one counts
    once."""
    used = facts["used"]
    assert meter.enter_token(used["last_token"]) == results.USED_ERROR
    assert meter.enter_token(used["last_token"], used["last_ref"]) == results.ACCEPT
    assert meter.account.credit == facts["credit_wh"]
    assert meter.enter_token(facts["fresh_token"]) == results.ACCEPT
    assert meter.enter_token(facts["fresh_token"]) == results.USED_ERROR
    assert meter.account.credit == facts["credit_wh"] + facts["fresh_wh"]


def test_an_image_boots_with_its_credit_tokens_and_key(name):
    memory = Memory(image(name))
    meter = start(name, memory)
    check(meter, FACTS[name])
    trade(meter, FACTS[name])
    again = start(name, memory)
    assert again.account.credit == FACTS[name]["credit_wh"] + FACTS[name]["fresh_wh"]
    assert again.tokens.key.key.hex() == FACTS[name]["key"]["key"]


def test_upgrade_with_a_power_cut_at_each_byte(name):
    """The conversion writes both slots; the power goes at each byte of it, and then once more."""
    before, facts = image(name), FACTS[name]
    whole = Memory(before)
    start(name, whole)
    conversion = whole.written
    for cut in range(0, conversion + 3, 3):
        memory = Memory(before)
        memory.cut_after = cut
        if cut < conversion:
            with pytest.raises(PowerCut):
                start(name, memory)
        else:
            start(name, memory)
        memory.cut_after = (7 * cut) % conversion  # the second start is cut as well
        try:
            start(name, memory)
        except PowerCut:
            pass
        memory.cut_after = None
        meter = start(name, memory)
        failures = meter.events.power_fail_count - facts["power_fail_count"]
        assert 1 <= failures <= 3
        check(meter, facts, failures)
        trade(meter, facts)
        assert start(name, memory).account.credit == facts["credit_wh"] + facts["fresh_wh"]


def test_the_token_accepted_last_has_no_proof_and_the_next_one_has(name):
    """Earlier firmware stored the reference and no MAC, which cannot be made up afterwards."""
    memory, facts = Memory(image(name)), FACTS[name]
    meter = start(name, memory)
    view = BusView(meter)
    assert (view.result_ref, meter.answer.last) == (facts["bus_ref"], None)
    assert not meter.known() & codes.KNOWN_ANSWER
    assert meter.enter_token(facts["fresh_token"], 99) == results.ACCEPT
    signed = meter.answer.last
    assert signed[0] == facts["credit_wh"] + facts["fresh_wh"] and len(signed[2]) == 8
    again = start(name, memory)
    again.answer.repeat()
    assert again.answer.last == signed


def test_after_the_upgrade_no_slot_has_the_old_form(name):
    """An older firmware finds a fault then, and not an old state."""
    memory = Memory(image(name))
    start(name, memory)
    assert [memory.data[at + 1] for at in (0, slots.OLD_SIZE)] == [slots.CLOSED] * 2
    assert [memory.data[slots.place(slot) + 1] for slot in (0, 1)] == [slots.FORM] * 2


@pytest.mark.parametrize("slot", [0, 1])
def test_one_damaged_slot_of_the_old_form_is_survived(name, slot):
    memory = Memory(image(name))
    memory.data[slot * slots.OLD_SIZE + 20] ^= 1
    meter = start(name, memory)
    assert meter.ledger.fault == ""
    assert meter.account.credit == FACTS[name]["credit_wh"]
    assert meter.enter_token(FACTS[name]["used"]["last_token"]) == results.USED_ERROR


def test_an_image_boots_on_a_board(micropython, tmp_path, name):
    facts = FACTS[name]
    (tmp_path / "ledger.bin").write_bytes(image(name))
    with MeterBoard(micropython, tmp_path, facts["settings"]) as board:
        state = board.state()
        assert state["energy_wh"] == facts["energy_wh"]
        assert state["credit"] == facts["credit_wh"] // 10
        assert state["power_fail_count"] == facts["power_fail_count"] + 1
        assert [state[field] for field in ("krn", "ti", "ken", "kt")] == [
            facts["key"][field] for field in ("krn", "ti", "ken", "kt")
        ]
        used = facts["used"]
        assert board.result() == (results.ACCEPT, used["last_ref"])
        assert board.deliver(used["last_token"], 5) == results.USED_ERROR
        assert board.deliver(facts["fresh_token"], 6) == results.ACCEPT
        board.kill()
        board.start()
        credit_wh = facts["credit_wh"] + facts["fresh_wh"]
        assert board.state()["credit"] == credit_wh // 10
        assert json.loads((tmp_path / "store.json").read_text()) == {"ledger": "created"}
