"""The wiring for the simulator Wokwi, with its available parts.

It has no RS-485 transceiver (a logic analyser records the three wires instead), no FRAM (the
board then stores its ledger in a file), no latching relay (a lamp stands for each coil) and no
metering chip (a button makes the pulses).
"""

from typing import Any

from tjugo.wiring.outlines import WIRE_COLOURS, Outline

_BOARD = "mcu"

# id: (type, left, top, attributes)
_PARTS = {
    "lcd": ("wokwi-lcd1602", 330, -200, {"pins": "i2c"}),
    "keypad": ("wokwi-membrane-keypad", 420, 60, {"columns": "3"}),
    "meter": ("wokwi-pushbutton", -260, 40, {"color": "yellow", "label": "S0", "bounce": "0"}),
    "cover": ("wokwi-slide-switch", -240, 130, {}),
    "terminals": ("wokwi-slide-switch", -330, 130, {}),
    "magnet": ("wokwi-slide-switch", -330, 190, {}),
    "sense": ("wokwi-slide-switch", -240, 190, {}),
    "coil1": ("wokwi-led", -240, 250, {"color": "red", "label": "opens"}),
    "coil2": ("wokwi-led", -190, 250, {"color": "green", "label": "closes"}),
    "r1": ("wokwi-resistor", -250, 330, {"value": "1000"}),
    "r2": ("wokwi-resistor", -170, 330, {"value": "1000"}),
    "buzzer": ("wokwi-buzzer", -100, 230, {"volume": "0.1"}),
    "led": ("wokwi-led", -140, 250, {"color": "red", "label": "imp"}),
    "r3": ("wokwi-resistor", -120, 330, {"value": "1000"}),
    "bus": ("wokwi-logic-analyzer", -280, -140, {}),
}

# function: the end of its wire
_WIRES = {
    "rs485_tx": "bus:D0", "rs485_rx": "bus:D1", "rs485_de": "bus:D2",
    "i2c_sda": "lcd:SDA", "i2c_scl": "lcd:SCL",
    "relay_open": "coil1:A", "relay_close": "coil2:A",
    "relay_sense": "sense:2", "cover": "cover:2",
    "terminal_cover": "terminals:2", "magnet": "magnet:2", "pulse": "meter:1.l",
    "buzzer": "buzzer:2", "led": "led:A",
    **{f"key_r{n}": f"keypad:R{n}" for n in (1, 2, 3, 4)},
    **{f"key_c{n}": f"keypad:C{n}" for n in (1, 2, 3)},
}  # fmt: skip
# The parts of a function that a board may lack.
_OPTIONAL = {"buzzer": ("buzzer",), "led": ("led", "r3")}
_GROUND = (
    "lcd:GND",
    "meter:2.l",
    "cover:1",
    "terminals:1",
    "magnet:1",
    "sense:1",
    "r1:2",
    "r2:2",
    "r3:2",
    "bus:GND",
    "buzzer:1",
)
_LOOSE = (("coil1:C", "r1:1", "black"), ("coil2:C", "r2:1", "black"), ("led:C", "r3:1", "black"))


def _part(end: str) -> str:
    return end.partition(":")[0]


def diagram(outline: Outline, gpio: dict[str, int]) -> dict[str, Any]:
    """Return the content of diagram.json. gpio: function of the pin table to GPIO."""
    ground, _, five = (f"{_BOARD}:{name}" for name in outline.wokwi_power)
    missing = {p for name, own in _OPTIONAL.items() if name not in gpio for p in own}
    parts = [{"type": outline.wokwi, "id": _BOARD, "top": 0, "left": 0, "attrs": {}}]
    parts += [
        {"type": kind, "id": name, "top": top, "left": left, "attrs": attributes}
        for name, (kind, left, top, attributes) in _PARTS.items()
        if name not in missing
    ]
    wires: list[list[Any]] = [
        [f"{_BOARD}:{outline.wokwi_pin.format(gpio[name])}", end, WIRE_COLOURS[name], []]
        for name, end in _WIRES.items()
        if name in gpio
    ]
    loose = [(ground, end, "black") for end in _GROUND] + [*_LOOSE]
    wires += [[a, b, colour, []] for a, b, colour in loose if _part(b) not in missing]
    wires.append([five, "lcd:VCC", "red", []])
    return {
        "version": 1,
        "author": "Tjugo",
        "editor": "wokwi",
        "parts": parts,
        "connections": wires,
        "dependencies": {},
    }
