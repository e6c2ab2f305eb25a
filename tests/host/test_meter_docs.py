"""The tables of docs/wire.md, docs/meter.md and docs/short-codes.md are those of the firmware."""

import re
import struct
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_rig import money, priced
from meter_rig import FIRST_TID, KEY, meter, token
from profile_rig import Large

from drivers.limits import LIMITS
from meter.face import tests
from meter.features import FEATURES
from meter.store.ledger import VERSIONS
from meterbus import codes, descriptions, energy_rows, registers, status_bits
from sts_portable import layouts, meaning, results, vendor

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


def test_the_limits_of_the_metering_parts_are_those_of_the_drivers(page):
    rows = re.findall(r"^\| ([A-Z][\w, -]+) \| (\d+) \| ([\d,]+) \|$", page, re.M)
    found = {name: (int(a), int(w.replace(",", ""))) for name, a, w in rows}
    drivers = {
        "PZEM-004T": "pzem004t",
        "BL0942, CSE7766, HLW8012, BL0937": "hlw8012",
        "ATM90E26": "atm90e26",
        "ADE7953": "ade7953",
    }
    assert found == {name: LIMITS[part][:2] for name, part in drivers.items()}
    assert LIMITS["bl0942"][:2] == LIMITS["cse7766"][:2] == LIMITS["hlw8012"][:2]


NEW_KEY = bytes.fromhex("060b8643c59a27f1")
KEY_128 = bytes.fromhex("00112233445566778899aabbccddeeff")
MADE = {
    0x20: ({"mpl": 5000}, {"mpl": 0}),
    0x21: ({"register": 0}, {"register": 0xFFFF}),
    0x22: ({"rate": 1},),
    0x26: ({"mppul": 500},),
    0x27: ({"factor": 1},),
}
FLAG = 63


def digits_of(code):
    """Return tokens of class << 4 | subclass, but key sections."""
    cls, subclass = code >> 4, code & 15
    if code == 0x00:
        return [token(200, 1)]
    if code == 0x04:
        return [money(500000)]
    if code == 0x12:
        return [vendor.extended_read(index) for index in (0, 1, FLAG)]
    if cls == 1:
        return [vendor.meter_test(subclass, 0)]
    if code == 0x2A:
        given = [{"index": FLAG, "flag": flag, "state": 1} for flag in (1, 2, 3, 4, 6)]
    else:
        given = list(MADE.get(code, ({},)))
    return [
        vendor.management(KEY, 7, subclass, FIRST_TID + 100 + number, 0, **values)
        for number, values in enumerate(given)
    ]


def sections(key, old, ea):
    """Return the tokens of a key change, by class << 4 | subclass."""
    wanted = {"kt": 2, "krn": 2, "ti": 1, "ken": 255, "ro": False, "sgc": 123456}
    made = vendor.key_change(old, ea, key, minute=1, bdt="14", old_bdt="14", **wanted)
    return dict(zip((0x23, 0x24, 0x28, 0x29), made, strict=False))


def token_rows(page):
    return {
        int(row[0][0]) << 4 | int(row[0][2], 16): row
        for row in rows(page[page.index("## Tokens") :], r"\d/[0-9A-F]")
    }


def test_the_tokens_are_those_of_the_standard_and_of_the_features(page):
    found = token_rows(page)
    standard = [code for code in layouts.LINES if 0x10 <= code < 0x100]
    assert list(found) == [0x00, 0x04, *standard]
    for code, row in found.items():
        assert layouts.LINES[code].decode().split()[0] == row[1]
    taken = set(meter(Large(), **ALL)._tokens) | set(meter(**priced())._tokens)
    assert {code for code, row in found.items() if not row[2].startswith("no")} == taken


def test_each_token_does_what_the_table_has(page):
    for code, row in token_rows(page).items():
        if code in (0x23, 0x24, 0x28, 0x29):
            continue
        shown = re.findall("`([^`]+)`", row[4])
        for digits in digits_of(code):
            device = meter(**priced()) if code == 0x04 else meter()
            result = device.enter_token(digits)
            refused = shown == ["FunctionError"]
            assert result == (results.FUNCTION_ERROR if refused else results.ACCEPT), row
            assert device.display().value in shown, row


@pytest.mark.parametrize("key", [NEW_KEY, KEY_128])
def test_each_section_of_a_key_change_is_displayed_as_the_table_has_it(page, key):
    found = token_rows(page)
    old, ea = (KEY, 7) if len(key) == 8 else (bytes(range(16)), 11)
    device = meter(key=old.hex(), ea=ea)
    for code, digits in sections(key, old, ea).items():
        device.enter_token(digits)
        shown = re.findall("`([^`]+)`", found[code][4])
        assert device.display().value in shown, code
    assert device.tokens.key.key == key


def test_the_tests_of_class_1(page):
    part = page[page.index("Tests and displays of class 1") : page.index("## Load profile")]
    expected = [
        [str(bit + 1), meaning.TESTS[bit + 1], code]
        for bit, code in enumerate(tests._CODES)
        if bit and code
    ]
    found = [[row[0], row[1], row[2].split()[2].strip(",")] for row in rows(part, r"\d+")]
    assert found[0][:2] == ["1", meaning.TESTS[1]]
    assert found[1:] == expected
