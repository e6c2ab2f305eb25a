"""The tables of docs/wire.md, docs/meter.md and docs/short-codes.md are those of the firmware."""

import re
import struct
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_rig import priced
from meter_rig import meter
from profile_rig import Large

from meter.features import FEATURES
from meter.store.ledger import VERSIONS
from meterbus import codes, descriptions, energy_rows, registers, status_bits

# Settings with which a meter has all features.
ALL = {
    "metering": "pzem004t",
    "malignant": {},
    "emergency_wh": 1000,
    "friendly_days": 1,
    "profile": 1,
    "export": 1,
    "tariffs": [[127, 0, 1]],
    "demand_period_min": 30,
}


def brought(name: str) -> set[tuple]:
    """Return the rows `name` of the features of a meter with all of them, in both kinds of credit:
    what is in front of the functions."""
    settings = (ALL, {**priced(), "emergency_money": 1})
    return {
        tuple(row[:2])
        for given in settings
        for one in meter(Large(), **given).features
        for row in getattr(one, name, ())
    }


@pytest.fixture
def wire(repo):
    return (repo / "docs" / "wire.md").read_text()


@pytest.fixture
def page(repo):
    return (repo / "docs" / "meter.md").read_text()


def rows(text: str, first: str) -> list[list[str]]:
    """Return the cells of every table row whose first cell matches the pattern `first`."""
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [row for row in cells if re.fullmatch(first, row[0])]


def test_the_register_map(wire):
    groups = {bit: name for bit, name, _ in descriptions.KNOWN} | {codes.KNOWN_ALWAYS: "always"}
    expected = [
        [
            f"0x{address:04X}",
            f"{kind}, {words} registers" if kind in ("ascii", "bytes") else kind,
            name,
            meaning + (f" ({unit})" if unit not in ("", "bits") else ""),
            groups[group],
        ]
        for name, address, kind, words, _, group in registers.ROWS
        for unit, meaning in (descriptions.REGISTERS[name],)
    ]
    assert rows(wire, r"0x\w{4}") == expected


def test_every_register_and_bit_is_described():
    assert list(descriptions.REGISTERS) == [row[registers.NAME] for row in registers.ROWS]
    assert list(descriptions.STATUS) == [name for _, name in status_bits.STATUS]
    known = {value for name, value in vars(codes).items() if name.startswith("KNOWN_") and value}
    more = {value for name, value in vars(energy_rows).items() if name.endswith("_KNOWN")}
    assert not known & more
    known |= more
    assert {bit for bit, _, _ in descriptions.KNOWN} == known


def test_the_blocks(wire):
    part = wire[: wire.index("## Codes")]
    documented = {row[0]: row[1] for row in rows(part, "state|account|device")}
    for name in ("state", "account", "device"):
        start = getattr(registers, f"{name.upper()}_START")
        count = getattr(registers, f"{name.upper()}_COUNT")
        assert documented[name] == f"0x{start:04X}, {count}"


def test_the_bits_of_known(wire):
    part = wire[wire.index("Bits of `known`") :].split("\n\n")[1]
    found = [(1 << int(row[0]), row[1]) for row in rows(part, r"\d+")]
    assert found == sorted((row[0], row[1]) for row in descriptions.KNOWN)


def test_the_files():
    device = meter(Large(), **ALL)
    brought = {
        number: (entries, 2 * words)
        for one in device.features
        for number, (entries, words, _) in getattr(one, "FILES", {}).items()
    }
    described = {row[0]: (row[2], struct.calcsize(row[3])) for row in descriptions.FILES}
    assert brought == described
    assert all(entries * size <= 2 * 10000 for entries, size in described.values())


def test_the_short_codes(repo):
    offered = sorted(brought("CODES"))
    assert [row[:2] for row in descriptions.CODES] == offered
    page = (repo / "docs" / "short-codes.md").read_text()
    assert [tuple(row[:2]) for row in rows(page, r"8\d\d")] == offered


def test_the_features(page):
    part = page[page.index("## Features") : page.index("## Keys")]
    names = [row[0] for row in rows(part, r"[a-z]+") if row[0] != "feature"]
    assert names == ["settings", "ledger", *(row[0] for row in FEATURES)]


def test_the_records(page):
    kept = brought("records")
    # The technician's self-test reads the slots by these, without the features.
    assert VERSIONS == dict(sorted(kept))
    part = page[page.index("| tag |") :]
    assert [(int(row[0]), int(row[1])) for row in rows(part, r"\d+")] == sorted(kept)
