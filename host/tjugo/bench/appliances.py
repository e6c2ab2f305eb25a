"""What can be plugged in behind a simulated meter."""

from collections.abc import Iterable
from typing import NamedTuple

from tjugo.appliance_loads import Load, dimmed, electronic, motor, resistance, transformer


class Appliance(NamedTuple):
    """Its name in commands, for people, and what it takes at 230 V once it has started."""

    name: str
    label: str
    load: Load

    @property
    def watts(self) -> int:
        """The active power at 230 V, W."""
        return round(self.load.resistive + self.load.constant)


APPLIANCES = (
    Appliance("kettle", "Kettle", resistance(2000)),
    Appliance("heater", "Heater", resistance(1500)),
    Appliance("microwave", "Microwave", transformer(1200, 0.92)),
    Appliance("pump", "Pump", motor(550, 0.75)),
    Appliance("fridge", "Fridge", motor(110, 0.65)),
    Appliance("fan", "Fan", motor(45, 0.85)),
    Appliance("laptop", "Laptop", electronic(65, 0.55)),
    Appliance("lamp", "Desk lamp", resistance(60)),
    Appliance("dimmer", "Dimmer", dimmed(150, 0.75)),
)
NAMES = tuple(appliance.name for appliance in APPLIANCES)


def together(names: Iterable[str]) -> list[int]:
    """Return R, C, Q and H of these appliances, whole numbers."""
    chosen = set(names)
    loads = [appliance.load for appliance in APPLIANCES if appliance.name in chosen]
    return [round(sum(column)) for column in zip(Load(), *loads, strict=True)]


def plugged_watts(names: Iterable[str]) -> int:
    """Return the active power of these appliances at 230 V, W."""
    resistive, constant, _, _ = together(names)
    return resistive + constant
