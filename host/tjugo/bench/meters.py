"""The bench's state of each simulated meter, and the actions on it from outside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tjugo.bench import appliances, words

KEYS = "0123456789*#>!"  # the last two: a short and a long press of a button
MOST_LOAD_W = 20_000
LAMP_W = 60  # the load a meter starts with: the lamp
NORMAL_V, LEAST_V, MOST_V = 230, 100, 300
BYPASS_W = 1000  # the load past the meter
_MOST_KEYS = 64  # what the simulated board keeps
_REPORTED = (
    "credit_wh",
    "credit_money",
    "currency",
    "energy_wh",
    "power_w",
    "token_result",
    "open_reasons",
    "control_state",
)


class BadCommand(ValueError):
    """A command that cannot be carried out; the text is for its sender."""


def _keys(value: Any) -> str:
    if not isinstance(value, str) or not value or any(key not in KEYS for key in value):
        raise BadCommand('"keys" must be a text of the keys 0-9, *, #, > and !')
    if len(value) > _MOST_KEYS:
        raise BadCommand(f'"keys" takes at most {_MOST_KEYS} keys at once')
    return value


def _load(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_LOAD_W:
        raise BadCommand(f'"load_w" must be a whole number of watts from 0 to {MOST_LOAD_W}')
    return value


def _voltage(value: Any) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or (value and not LEAST_V <= value <= MOST_V):
        raise BadCommand(
            f'"voltage_v" must be a whole number of volts from {LEAST_V} to {MOST_V}, or 0'
        )
    return int(value)


def _plugged(value: Any) -> list[str]:
    if not isinstance(value, list) or any(name not in appliances.NAMES for name in value):
        raise BadCommand(f'"plugged" must be a list of: {", ".join(appliances.NAMES)}')
    return [name for name in appliances.NAMES if name in value]


def _switch(name: str, on: str) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise BadCommand(f'"{name}" must be true ({on}) or false')
        return value

    return check


COMMANDS: dict[str, Callable[[Any], Any]] = {
    "keys": _keys,
    "load_w": _load,
    "plugged": _plugged,
    "voltage_v": _voltage,
    "cover": _switch("cover", "open"),
    "terminal_cover": _switch("terminal_cover", "open"),
    "magnet": _switch("magnet", "near"),
    "reversed": _switch("reversed", "the other direction"),
    "bypass": _switch("bypass", "a load past the meter"),
}
# What surrounds a meter, and outlives its restart: what its board takes as it is, and what it
# takes together as its mains.
_ALONE = ("load_w", "cover", "terminal_cover", "magnet")
_MAINS = ("plugged", "voltage_v", "reversed", "bypass")


@dataclass
class Meter:
    """A simulated meter. `send` passes a message to its board; it returns False when the board is
    not running. `power` switches the board's supply on or off."""

    drn: str
    address: int
    customer: str
    send: Callable[[dict[str, Any]], bool]
    power: Callable[[bool], None] = lambda on: None
    display: list[str] = field(default_factory=lambda: ["", ""])
    relay: bool = False
    buzzer: bool = False
    beeps: int = 0  # how often the buzzer was switched on, for pages that look now and then
    blinks: int = 0  # of the LED, since the board started
    load_w: int = LAMP_W
    plugged: list[str] = field(default_factory=list)
    voltage_v: int = NORMAL_V  # 0: a power cut
    cover: bool = False
    terminal_cover: bool = False
    magnet: bool = False
    reversed: bool = False
    bypass: bool = False
    running: bool = False
    safe: dict[str, Any] | None = None  # the safe application's start, while it runs
    options: dict[str, bool] = field(default_factory=dict)  # of its settings, see options.py
    report: dict[str, Any] = field(default_factory=dict)
    watchers: set[Callable[[dict[str, Any]], None]] = field(default_factory=set)

    def state(self) -> dict[str, Any]:
        """Return the state for screens and tests; the lamp is connected behind the relay."""
        known = self._known()
        return {
            "drn": self.drn,
            "address": self.address,
            "customer": self.customer,
            "running": self.running,
            "safe_mode": self.safe is not None,
            "display": self.display if self.voltage_v else ["", ""],
            "relay": self.relay,
            "buzzer": self.buzzer,
            "beeps": self.beeps,
            "blinks": self.blinks,
            "lamp": self.relay and self.running,
            **{name: getattr(self, name) for name in (*_ALONE, *_MAINS)},
            "plugged_w": appliances.plugged_watts(self.plugged),
            "options": self.options,
            "reasons": words.reasons(known),
            "alarms": self._alarms(known),
            **{key: known.get(key) for key in _REPORTED},
        }

    @property
    def started(self) -> bool:
        """Whether the board's application, or the safe one, has reported since its start."""
        return bool(self._known())

    def _known(self) -> dict[str, Any]:
        """Return what the running application reports; it is unknown while none runs."""
        if not self.running:
            return {}
        return self.report if self.safe is None else words.SAFE_REPORT

    def _alarms(self, known: dict[str, Any]) -> list[str]:
        if not self.voltage_v:
            return [words.POWER_CUT]
        return words.alarms(known) if self.safe is None else words.crash(self.safe)

    def take(self, message: dict[str, Any]) -> None:
        """Apply a message from the board (boards/simulated/README.md)."""
        before = self.state()
        if "hello" in message:  # what its last run has shown and reported is past
            self.display, self.report, self.safe = ["", ""], {}, None
        if "safe" in message.get("selftest", {}):
            self.safe = message["selftest"]
        for key in ("display", "relay", "buzzer", "blinks", "report"):
            if key in message:
                setattr(self, key, message[key])
        self.beeps += message.get("buzzer") is True
        self._tell(before)

    def set_running(self, running: bool) -> None:
        """Note whether the board runs."""
        before = self.state()
        self.running = running
        self.buzzer = self.buzzer and running
        self.safe = self.safe if running else None
        self._tell(before)

    def set_options(self, options: dict[str, bool]) -> None:
        """Note the options of the board's settings."""
        before = self.state()
        self.options = options
        self._tell(before)

    def greeting(self) -> list[dict[str, Any]]:
        """Return the messages to a board that starts: its present surroundings."""
        alone: list[dict[str, Any]] = [{name: getattr(self, name)} for name in _ALONE]
        return [{"mains": self._mains()}, *alone] if self.voltage_v else alone

    def _mains(self) -> list[int]:
        """Return the mains as the board takes it (boards/simulated/README.md)."""
        loads = appliances.together(self.plugged)
        return [self.voltage_v, *loads, BYPASS_W * self.bypass, int(self.reversed)]

    def command(self, message: Any) -> None:
        """Check and carry out a command. Raise BadCommand with the reason, and then nothing was
        done."""
        if not isinstance(message, dict) or not message:
            raise BadCommand('a command is a JSON object such as {"keys": "1234#"}')
        unknown = [name for name in message if name not in COMMANDS]
        if unknown:
            known = ", ".join(sorted(COMMANDS))
            raise BadCommand(f'there is no command "{unknown[0]}"; known: {known}, get')
        checked = {name: COMMANDS[name](value) for name, value in message.items()}
        if "keys" in checked and self.safe is not None:
            raise BadCommand("the meter is in safe mode; its keys do nothing")
        before = self.state()
        sent = {name: value for name, value in checked.items() if name not in _MAINS}
        for name in checked:
            if name != "keys":
                setattr(self, name, checked[name])
        if self.voltage_v and set(_MAINS) & set(checked):
            sent["mains"] = self._mains()
        if "voltage_v" in checked:
            self.power(self.voltage_v > 0)
        self._tell(before)
        if sent and not self.send(sent) and "keys" in checked:
            raise BadCommand("the meter is not running now; its keys do nothing")

    def _tell(self, before: dict[str, Any]) -> None:
        state = self.state()
        if state != before:
            for watcher in list(self.watchers):
                watcher(state)
