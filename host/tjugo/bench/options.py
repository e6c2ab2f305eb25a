"""Settings of a simulated meter that can be switched on the bench: written as by provisioning,
after which the meter restarts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tjugo.bench.meters import BadCommand
from tjugo.device import provisioning
from tjugo.device.provisioning import FolderBoard

# (name, label, settings when it is on, settings when it is off)
OPTIONS: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    (
        "malignant",
        "Heaters trip",
        {"malignant": {"mode": 2}},
        {"malignant": {"mode": 0}},
    ),
    (
        "overload",
        "Limit 4 kW",
        {"overload_w": 4000, "overload_delay_s": 10, "overload_off_s": 60},
        {"overload_w": 0},
    ),
    ("voltage", "Voltage opens", {"voltage_opens": 1}, {"voltage_opens": 0}),
    ("tamper", "Tamper opens", {"tamper_opens": 31}, {"tamper_opens": 0}),
)
NAMES = tuple(row[0] for row in OPTIONS)


def read(folder: Path) -> dict[str, bool]:
    """Return {option: whether it is on} of a board's settings."""
    settings = FolderBoard(folder, "meter").look()["settings"]
    return {
        name: all(settings.get(key) == value for key, value in on.items())
        for name, _, on, _ in OPTIONS
    }


def checked(options: Any) -> dict[str, bool]:
    """Return options from outside. Raise BadCommand."""
    known = isinstance(options, Mapping) and options and not set(options) - set(NAMES)
    if not known or any(not isinstance(value, bool) for value in options.values()):
        raise BadCommand(f"options are true or false; known: {', '.join(NAMES)}")
    return dict(options)


def write(folder: Path, options: Mapping[str, bool]) -> None:
    """Add the settings of these options to those of a board. Raise TjugoError."""
    added: dict[str, Any] = {}
    for name, _, on, off in OPTIONS:
        if name in options:
            added |= on if options[name] else off
    provisioning.provision(FolderBoard(folder, "meter"), added)
