"""The files generated from the pin tables are up to date, readable and equal to the tables."""

import itertools
import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from click.testing import CliRunner

from tjugo.commands.build import wiring as command
from tjugo.errors import TjugoError
from tjugo.wiring import pages as wiring
from tjugo.wiring.outlines import MODULES, OUTLINES, WIRE_COLOURS

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = [(board, role) for board in wiring.BOARDS for role in wiring.ROLES[board]]
_PATH = re.compile(r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H([\d.]+)")


def gpio_of(board: str) -> dict[str, int]:
    return {row[0]: row[1] for row in wiring.load_pins(board).PINS}


def functions_of(role: str, gpio: dict[str, int]) -> set[str]:
    modules = [module for module in MODULES if role in module.roles]
    return {name for module in modules for name, _ in module.ports if name in gpio}


@pytest.fixture(params=DRAWINGS, ids="-".join)
def drawing(request):
    board, role = request.param
    svg = wiring.draw(OUTLINES[board], gpio_of(board), role)
    return board, role, ElementTree.fromstring(svg)


def wires_of(tree) -> dict[str, list[tuple[float, float]]]:
    """Return the corners of each wire by its colour."""
    found = {}
    for path in tree.iter(f"{SVG}path"):
        x0, y0, x1, y1, x2 = map(float, _PATH.fullmatch(path.get("d")).groups())
        found[path.get("d")] = [(x0, y0), (x1, y0), (x1, y1), (x2, y1)]
    return found


def test_committed_files_are_what_the_tables_give():
    assert wiring.update((), True) == []


def test_check_finds_an_old_file(monkeypatch):
    made = wiring.generated

    def changed(board):
        return {path: text + " " for path, text in made(board).items()}

    monkeypatch.setattr(wiring, "generated", changed)
    result = CliRunner().invoke(command, ["--check", "rp2040_pico"], standalone_mode=False)
    assert result.return_value == 1
    assert "out of date: boards/rp2040_pico/wiring.svg" in result.output


def test_a_board_that_does_not_exist_is_a_usage_error():
    with pytest.raises(TjugoError, match="no board nosuch, only esp32_devkit") as error:
        wiring.update(["nosuch"], False)
    assert error.value.status == 2


def test_every_wire_of_the_role_is_drawn(drawing):
    board, role, tree = drawing
    drawn = [path.get("stroke") for path in tree.iter(f"{SVG}path")]
    wired = functions_of(role, gpio_of(board)) & set(gpio_of(board))
    assert sorted(drawn) == sorted(WIRE_COLOURS[name] for name in wired)


def crosses(one, other) -> bool:
    """Return whether two segments cross or overlap."""
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, dy) = other
    if ay == by and cy == dy:
        return ay == cy and max(min(ax, bx), min(cx, dx)) < min(max(ax, bx), max(cx, dx))
    if ax == bx and cx == dx:
        return ax == cx and max(min(ay, by), min(cy, dy)) < min(max(ay, by), max(cy, dy))
    if ax == bx:
        return crosses(other, one)
    return min(ax, bx) < cx < max(ax, bx) and min(cy, dy) < ay < max(cy, dy)


def test_no_two_wires_cross_or_lie_on_each_other(drawing):
    wires = wires_of(drawing[2])
    for one, other in itertools.combinations(wires, 2):
        for a in itertools.pairwise(wires[one]):
            for b in itertools.pairwise(wires[other]):
                assert not crosses(a, b), (one, other)


def test_no_two_modules_overlap(drawing):
    boxes = [
        [float(rect.get(name)) for name in ("y", "height", "x")]
        for rect in drawing[2].iter(f"{SVG}rect")
        if rect.get("fill") == "#ffffff"
    ]
    gpio = gpio_of(drawing[0])
    assert len(boxes) == len([m for m in MODULES if drawing[1] in m.roles and m.wired(gpio)])
    for one, other in itertools.combinations(sorted(boxes), 2):
        assert one[2] != other[2] or one[0] + one[1] <= other[0]


def test_every_pin_of_the_table_is_on_the_boards_outline():
    for board in wiring.BOARDS:
        outline = OUTLINES[board]
        by_gpio = {pin.gpio: pin for pin in (*outline.left, *outline.right)}
        for function, gpio, place, _ in wiring.load_pins(board).PINS:
            pin = by_gpio[gpio]
            number = f", pin {pin.number}" if pin.number else ""
            assert place == f"{pin.label}{number}", function


@pytest.mark.parametrize("board", wiring.BOARDS)
def test_the_wokwi_diagram_has_every_wire_once(board):
    diagram = json.loads((wiring.REPO / "boards" / board / "diagram.json").read_text())
    parts = {part["id"] for part in diagram["parts"]}
    ends = [end.partition(":") for wire in diagram["connections"] for end in wire[:2]]
    assert {part for part, _, _ in ends} == parts
    # There is no metering chip in Wokwi.
    gpios = [number for name, number in gpio_of(board).items() if not name.startswith("chip_")]
    wanted = sorted(OUTLINES[board].wokwi_pin.format(number) for number in gpios)
    power = OUTLINES[board].wokwi_power
    used = sorted(pin for part, _, pin in ends if part == "mcu" and pin not in power)
    assert used == wanted
