"""Calibration of a meter against a known load: gains from readings, written with a checksum.

docs/meter.md has the meaning of the gains. All quantities are integers: mV, mA, 0.1 W, and parts
per million.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tjugo.device import provisioning
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError

GAINS = (1_000_000, 1_000_000, 1_000_000)  # of a meter without the setting
LEAST_GAIN, GREATEST_GAIN = 100_000, 10_000_000  # as in boards/common/metering_parts.py
_PPM = 1_000_000
_LEAST_READINGS = 5
_MOST_SPREAD = 10_000  # of the readings, parts per million of their mean
_MOST_ERROR = 10_000  # of the calibrated value
_SECONDS = 40
_NO_GAINS = ("s0", "sim")  # parts that have none
_CHECKSUMS = {True: "good", False: "wrong", None: "none"}


@dataclass(frozen=True)
class Quantity:
    """What is calibrated. units: of the integers in one of `unit`; least: without a load."""

    name: str
    unit: str
    units: int
    least: int

    def text(self, value: int) -> str:
        """Return a value with its unit."""
        places = len(str(self.units)) - 1
        sign = "-" if value < 0 else ""
        whole, part = divmod(abs(value), self.units)
        return f"{sign}{whole}.{part:0{places}d} {self.unit}"


QUANTITIES = (
    Quantity("voltage", "V", 1000, 50_000),
    Quantity("current", "A", 1000, 100),
    Quantity("power", "W", 10, 200),
)


@dataclass(frozen=True)
class State:
    """What a board has. checksum: whether it is that of the gains, None if there is none."""

    drn: str
    part: str
    gains: tuple[int, ...]
    checksum: bool | None
    sealed: bool

    def lines(self) -> list[str]:
        """Return it for people."""
        return [
            f"Meter {self.drn}, metering part {self.part}" + (", sealed" if self.sealed else ""),
            *(
                f"  gain of the {one.name:8} {ratio(gain)}"
                for one, gain in zip(QUANTITIES, self.gains, strict=True)
            ),
            f"  checksum             {_CHECKSUMS[self.checksum]}",
        ]


@dataclass(frozen=True)
class Row:
    """A gain before and after; mean and spread of the readings, `true` the load's value."""

    quantity: Quantity
    before: int
    after: int
    mean: int
    true: int
    spread_ppm: int

    def line(self) -> str:
        """Return it for people."""
        one = self.quantity
        error = abs(self.mean - self.true) * 10_000 // self.true
        return (
            f"  {one.name:8}  {one.text(self.mean):>12}  true {one.text(self.true):>12}"
            f"  error {error // 100}.{error % 100:02d} %"
            f"  spread {self.spread_ppm // 10_000}.{self.spread_ppm % 10_000 // 100:02d} %"
            f"  gain {ratio(self.before)} -> {ratio(self.after)}"
        )


def ratio(gain: int) -> str:
    """Return a gain as a text: 1002300 is 1.002300."""
    return f"{gain // _PPM}.{gain % _PPM:06d}"


def gains_crc(gains: Sequence[int]) -> int:
    """Return the checksum of the setting gains_crc, as the firmware's drivers/part.py."""
    return zlib.crc32(",".join(map(str, gains)).encode())


def state(look: Mapping[str, Any]) -> State:
    """Return the calibration in what a board answers to look(). Raise TjugoError if it is none."""
    if look["role"] != "meter":
        raise TjugoError("The board is no meter.")
    found = look["settings"]
    gains = found.get("gains", list(GAINS))
    if not _usable(gains):
        raise TjugoError(f"The meter's setting gains cannot be used: {gains!r}.")
    crc = found.get("gains_crc")
    return State(
        str(found.get("drn", "without a number")),
        str(found.get("metering", "s0")),
        tuple(gains),
        None if "gains_crc" not in found else crc == gains_crc(gains),
        bool(found.get(provisioning.SEALED)),
    )


def permit(found: State) -> None:
    """Raise TjugoError if this meter may not be calibrated."""
    if found.sealed:
        raise TjugoError(
            f"Meter {found.drn} is sealed: its calibration is that of the factory. "
            "`tjugo provision PORT --unseal` is the factory's step before another one."
        )
    if found.part in _NO_GAINS:
        raise TjugoError(
            f"The metering part {found.part} has no gains: the constant printed on it is its "
            "calibration, the setting pulses_per_kwh."
        )


def measure(remote: Remote, count: int) -> list[list[int | None]]:
    """Return readings [mV, mA, 0.1 W] of a board, whose application does not run meanwhile.

    Raise TjugoError if there are too few.
    """
    found = remote.call("measure", "measure", count, _SECONDS)
    if found["wrong"]:
        raise TjugoError(f"The board cannot work with its setting {found['wrong']}.")
    readings: list[list[int | None]] = found["readings"]
    if len(readings) < min(count, _LEAST_READINGS):
        raise TjugoError(
            f"The metering part gave {len(readings)} readings in {_SECONDS} s: check its wires "
            "and the mains voltage at it."
        )
    return readings


def rows(
    readings: Sequence[Sequence[int | None]],
    true: Sequence[int | None],
    gains: Sequence[int],
) -> list[Row]:
    """Return a row for each quantity whose true value is given. Raise TjugoError if the readings
    or a gain are not plausible."""
    _plausible(true)
    return [
        _row(QUANTITIES[at], [one[at] for one in readings], value, gains[at])
        for at, value in enumerate(true)
        if value is not None
    ]


def store(board: provisioning.Board, found: Sequence[Row], before: State) -> tuple[int, ...]:
    """Write the gains with their checksum, and verify them; return them. Raise TjugoError."""
    gains = list(before.gains)
    for row in found:
        gains[QUANTITIES.index(row.quantity)] = row.after
    provisioning.provision(board, {"gains": gains, "gains_crc": gains_crc(gains)})
    now = state(board.look())
    if list(now.gains) != gains or not now.checksum:
        raise TjugoError("The meter's gains were read back differently: calibrate it again.")
    return now.gains


def verify(readings: Sequence[Sequence[int | None]], found: Sequence[Row]) -> list[str]:
    """Return the errors after the calibration as lines. Raise TjugoError if one is too great."""
    lines = []
    for row in found:
        at = QUANTITIES.index(row.quantity)
        mean, _ = _mean(row.quantity, [one[at] for one in readings])
        error = abs(mean - row.true) * _PPM // row.true
        if error > _MOST_ERROR:
            raise TjugoError(
                f"After the calibration the {row.quantity.name} is {row.quantity.text(mean)}, "
                f"not {row.quantity.text(row.true)}: the load has changed. Calibrate again."
            )
        text = f"{error // 10_000}.{error % 10_000 // 100:02d} %"
        lines.append(f"  {row.quantity.name:8}  {row.quantity.text(mean):>12}  now, error {text}")
    return lines


def _plausible(true: Sequence[int | None]) -> None:
    """Raise TjugoError if the values given are no load."""
    for one, value in zip(QUANTITIES, true, strict=True):
        if value is not None and value < one.least:
            raise TjugoError(
                f"A load with a {one.name} of {one.text(value)} is too small for a calibration: "
                f"at least {one.text(one.least)}.",
                2,
            )
    millivolts, milliamps, tenths = true
    if millivolts and milliamps and tenths and tenths * 10_000_000 > millivolts * milliamps * 101:
        raise TjugoError("The watts given are more than the volts times the amps.", 2)


def _row(one: Quantity, values: list[int | None], true: int, gain: int) -> Row:
    mean, spread = _mean(one, values)
    after = (gain * true + mean // 2) // mean
    if not LEAST_GAIN <= after <= GREATEST_GAIN:
        raise TjugoError(
            f"The gain of the {one.name} would be {ratio(after)}, outside of 0.1 to 10: the meter "
            f"measures {one.text(mean)} of {one.text(true)}. Check the value given and the wires."
        )
    return Row(one, gain, after, mean, true, spread)


def _mean(one: Quantity, values: list[int | None]) -> tuple[int, int]:
    """Return the mean and the spread, parts per million. Raise TjugoError."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        raise TjugoError(f"The metering part does not measure the {one.name}.")
    mean = (sum(known) + len(known) // 2) // len(known)
    if one.name == "power" and mean <= -one.least:
        raise TjugoError(
            f"The power is {one.text(mean)}: the current flows backwards through the meter."
        )
    if mean < one.least // 10:
        raise TjugoError(f"There is no load: the {one.name} is {one.text(mean)}.")
    spread = (max(known) - min(known)) * _PPM // mean
    if spread > _MOST_SPREAD:
        raise TjugoError(
            f"The {one.name} is not steady: {one.text(min(known))} to {one.text(max(known))} in "
            f"{len(known)} readings. Use a steady load."
        )
    return mean, spread


def _usable(gains: object) -> bool:
    return (
        isinstance(gains, list)
        and len(gains) == len(GAINS)
        and all(type(one) is int and LEAST_GAIN <= one <= GREATEST_GAIN for one in gains)
    )
