"""The bench's state of each simulated meter, and the actions on it from outside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KEYS = "0123456789*#>!"  # the last two: a short and a long press of a button
MOST_LOAD_W = 20_000
LAMP_W = 60  # the load a meter starts with: the lamp
_MOST_KEYS = 64  # what the simulated board keeps
_REPORTED = ("credit_wh", "energy_wh", "power_w", "token_result", "open_reasons", "control_state")


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


def _cover(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadCommand('"cover" must be true (open) or false')
    return value


COMMANDS: dict[str, Callable[[Any], Any]] = {"keys": _keys, "load_w": _load, "cover": _cover}


@dataclass
class Meter:
    """A simulated meter. `send` passes a message to its board; it returns False when the board is
    not running."""

    drn: str
    address: int
    customer: str
    send: Callable[[dict[str, Any]], bool]
    display: list[str] = field(default_factory=lambda: ["", ""])
    relay: bool = False
    buzzer: bool = False
    beeps: int = 0  # how often the buzzer was switched on, for pages that look now and then
    blinks: int = 0  # of the LED, since the board started
    load_w: int = LAMP_W
    cover: bool = False
    running: bool = False
    report: dict[str, Any] = field(default_factory=dict)
    watchers: set[Callable[[dict[str, Any]], None]] = field(default_factory=set)

    def state(self) -> dict[str, Any]:
        """Return the state for screens and tests; the lamp is connected behind the relay."""
        return {
            "drn": self.drn,
            "address": self.address,
            "customer": self.customer,
            "running": self.running,
            "display": self.display,
            "relay": self.relay,
            "buzzer": self.buzzer,
            "beeps": self.beeps,
            "blinks": self.blinks,
            "lamp": self.relay and self.running,
            "load_w": self.load_w,
            "cover": self.cover,
            **{key: self.report.get(key) for key in _REPORTED},
        }

    def take(self, message: dict[str, Any]) -> None:
        """Apply a message from the board (boards/simulated/README.md)."""
        before = self.state()
        for key in ("display", "relay", "buzzer", "blinks", "report"):
            if key in message:
                setattr(self, key, message[key])
        self.beeps += message.get("buzzer") is True
        self._tell(before)

    def set_running(self, running: bool) -> None:
        before = self.state()
        self.running = running
        self.buzzer = self.buzzer and running
        self._tell(before)

    def greeting(self) -> list[dict[str, Any]]:
        """Return the messages to a board that starts: the present load and cover."""
        return [{"load_w": self.load_w}, {"cover": self.cover}]

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
        before = self.state()
        self.load_w = checked.get("load_w", self.load_w)
        self.cover = checked.get("cover", self.cover)
        self._tell(before)
        if not self.send(checked) and "keys" in checked:
            raise BadCommand("the meter is not running now; its keys do nothing")

    def _tell(self, before: dict[str, Any]) -> None:
        state = self.state()
        if state != before:
            for watcher in list(self.watchers):
                watcher(state)
