"""The appearance of the boards and modules: headers, connectors, colours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

GROUND, V3, V5 = "GND", "3V3", "5V"
_TAGS = {
    "GND": GROUND, "AGND": GROUND, "3V3": V3, "5V": V5, "VBUS": V5,
}  # fmt: skip
_NAMED_GPIO = {"VP": 36, "VN": 39}


@dataclass(frozen=True)
class HeaderPin:
    """A pin. label: as printed. gpio: None for power, control. tag: "GND", "3V3", "5V" or ""."""

    label: str
    gpio: int | None
    tag: str
    number: int | None


@dataclass(frozen=True)
class Outline:
    """A board seen from above. left, right: its header pins from top to bottom.

    usb: the edge with the USB connector. wokwi: the part's type; wokwi_pin: its name of a GPIO;
    wokwi_power: its names of ground, 3.3 V and 5 V.
    """

    title: str
    left: tuple[HeaderPin, ...]
    right: tuple[HeaderPin, ...]
    usb: str
    colour: str
    wokwi: str
    wokwi_pin: str
    wokwi_power: tuple[str, str, str]


@dataclass(frozen=True)
class Module:
    """A module to be wired to a board.

    ports: (function of the pin table, label on the module); a board may lack some. power: (label,
    tag). outside: other connections of the module. roles: the roles that need it.
    """

    title: str
    subtitle: str
    ports: tuple[tuple[str, str], ...]
    power: tuple[tuple[str, str], ...]
    outside: str
    roles: tuple[str, ...] = ("meter",)

    def wired(self, gpio: Mapping[str, int]) -> bool:
        """Return whether the board has the module's pins; optional ones may be missing."""
        return any(function in gpio for function, _ in self.ports)


def _pin(label: str, number: int | None) -> HeaderPin:
    digits = re.fullmatch(r"(?:GP)?(\d+)", label)
    gpio = int(digits[1]) if digits else _NAMED_GPIO.get(label)
    return HeaderPin(label, gpio, _TAGS.get(label, ""), number)


def _header(text: str, first: int | None = None, step: int = 1) -> tuple[HeaderPin, ...]:
    labels = text.split()
    numbers = [None if first is None else first + step * i for i in range(len(labels))]
    return tuple(_pin(label, number) for label, number in zip(labels, numbers, strict=True))


_PICO_LEFT = _header(
    "GP0 GP1 GND GP2 GP3 GP4 GP5 GND GP6 GP7 GP8 GP9 GND GP10 GP11 GP12 GP13 GND GP14 GP15", 1
)
_PICO_RIGHT = _header(
    "VBUS VSYS GND 3V3_EN 3V3 VREF GP28 AGND GP27 GP26 RUN GP22 GND GP21 GP20 GP19 GP18 GND"
    " GP17 GP16",
    40,
    -1,
)

OUTLINES = {
    "esp32_devkit": Outline(
        "ESP32-DevKitC",
        _header("3V3 EN VP VN 34 35 32 33 25 26 27 14 12 GND 13 D2 D3 CMD 5V"),
        _header("GND 23 22 TX RX 21 GND 19 18 5 17 16 4 0 2 15 D1 D0 CLK"),
        "bottom",
        "#23272f",
        "board-esp32-devkit-c-v4",
        "{}",
        ("GND.1", "3V3", "5V"),
    ),
    "esp32s3_devkit": Outline(
        "ESP32-S3-DevKitC-1",
        _header("3V3 3V3 RST 4 5 6 7 15 16 17 18 8 3 46 9 10 11 12 13 14 5V GND"),
        _header("GND TX RX 1 2 42 41 40 39 38 37 36 35 0 45 48 47 21 20 19 GND GND"),
        "bottom",
        "#23272f",
        "board-esp32-s3-devkitc-1",
        "{}",
        ("GND.1", "3V3.1", "5V"),
    ),
    "rp2040_pico": Outline(
        "Raspberry Pi Pico", _PICO_LEFT, _PICO_RIGHT,
        "top", "#1d6b45", "wokwi-pi-pico", "GP{}", ("GND.1", "3V3", "VBUS"),
    ),
    "rp2040_pico_w": Outline(
        "Raspberry Pi Pico W", _PICO_LEFT, _PICO_RIGHT,
        "top", "#1d6b45", "board-pi-pico-w", "GP{}", ("GND.1", "3V3", "VBUS"),
    ),
    "rp2350_pico2_w": Outline(
        "Raspberry Pi Pico 2 W", _PICO_LEFT, _PICO_RIGHT,
        "top", "#1d6b45", "board-pi-pico-w", "GP{}", ("GND.1", "3V3", "VBUS"),
    ),
}  # fmt: skip

MODULES = (
    Module(
        "RS-485 transceiver",
        "MAX3485 or SP3485 module, 3.3 V",
        (("rs485_tx", "DI"), ("rs485_rx", "RO"), ("rs485_de", "DE + RE")),
        (("VCC", V3), ("GND", GROUND)),
        "A, B, ground: the bus",
        ("meter", "collector"),
    ),
    Module(
        "Display, FRAM and clock",
        "LCD 0x27, MB85RC256V 0x50, DS3231 0x68",
        (("i2c_sda", "SDA"), ("i2c_scl", "SCL")),
        (("VCC", V3), ("GND", GROUND)),
        "all on the same two wires; the clock is optional",
    ),
    Module(
        "Clock",
        "DS3231 (0x68), optional",
        (("i2c_sda", "SDA"), ("i2c_scl", "SCL")),
        (("VCC", V3), ("GND", GROUND)),
        "a battery holds its time",
        ("collector",),
    ),
    Module(
        "Latching relay, two coils",
        "5 V coils behind a ULN2003A",
        (("relay_open", "IN1, opens"), ("relay_close", "IN2, closes")),
        (("COM, coils", V5), ("GND", GROUND)),
        "contact: 12 V to the lamp",
    ),
    Module(
        "Contact sense",
        "opto-coupler across the lamp, optional",
        (("relay_sense", "collector"),),
        (("emitter", GROUND),),
        "LED with 1 kOhm across the 12 V lamp",
    ),
    Module(
        "Energy meter",
        "S0 output of a DIN-rail meter, or a button",
        (("pulse", "S0+"),),
        (("S0-", GROUND),),
        "",
    ),
    Module(
        "Metering chip",
        "optional, instead of the energy meter",
        (
            ("chip_a", "RX, SDO or SEL"),
            ("chip_b", "TX, CS or CF"),
            ("chip_c", "SCLK or CF1"),
            ("chip_d", "SDI"),
        ),
        (("VCC", V3), ("GND", GROUND)),
        "PZEM-004T: 5 V; other chips: behind isolators",
    ),
    Module(
        "Cover switch",
        "closed while the cover is",
        (("cover", "one side"),),
        (("other side", GROUND),),
        "",
    ),
    Module(
        "Terminal cover switch",
        "closed while the cover is, optional",
        (("terminal_cover", "one side"),),
        (("other side", GROUND),),
        "",
    ),
    Module(
        "Magnet sensor",
        "Hall switch, open drain, or reed; optional",
        (("magnet", "output"),),
        (("VCC", V3), ("GND", GROUND)),
        "at the relay or the meter",
    ),
    Module(
        "LED of imp/kWh",
        "with 1 kOhm, optional",
        (("led", "anode"),),
        (("cathode", GROUND),),
        "",
    ),
    Module(
        "Buzzer",
        "active, behind a transistor, optional",
        (("buzzer", "base"),),
        (("GND", GROUND),),
        "",
    ),
    Module(
        "Key pad, 4 rows of 3",
        "membrane or 12 buttons",
        (
            *((f"key_r{n}", f"row {n}: {keys}") for n, keys in enumerate(
                ("1 2 3", "4 5 6", "7 8 9", "* 0 #"), 1)),
            *((f"key_c{n}", f"column {n}") for n in (1, 2, 3)),
        ),
        (),
        "",
    ),
)  # fmt: skip

TAG_COLOURS = {GROUND: "#30363d", V3: "#c62828", V5: "#e07b00"}

# Common colours of wires; adjacent wires have different ones.
WIRE_COLOURS = {
    "rs485_tx": "#d9480f", "rs485_rx": "#2b8a3e", "rs485_de": "#862e9c",
    "i2c_sda": "#1864ab", "i2c_scl": "#b8860b",
    "relay_open": "#c2255c", "relay_close": "#5c940d", "relay_sense": "#0b7285",
    "cover": "#6741d9", "terminal_cover": "#d6336c", "magnet": "#0c8599",
    "pulse": "#087f5b", "buzzer": "#e8590c", "led": "#495057",
    "chip_a": "#9c36b5", "chip_b": "#2f9e44", "chip_c": "#c2255c", "chip_d": "#1971c2",
    "key_r1": "#a61e4d", "key_r2": "#d9480f", "key_r3": "#b8860b", "key_r4": "#2b8a3e",
    "key_c1": "#1864ab", "key_c2": "#6741d9", "key_c3": "#868e96",
}  # fmt: skip
