"""The station's receipt printers: a private file in its folder.

Printers belong to the machine that they are attached to, so they are not in the database.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from tjugo import foreign_json
from tjugo.errors import reason
from tjugo.lock_file import waiting
from tjugo.private_file import private_file
from tjugo.station.receipts.profiles import DEFAULT, PROFILES

FILE = "printers.json"
VERSION = 1
PORT = 9100
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
FLOWS = ("none", "rtscts", "xonxoff")

# Kind: meaning of the address, and what it must look like.
KINDS = {
    "usb": ("the device, such as /dev/usb/lp0", r"/dev/[\w./-]{1,80}"),
    "serial": ("the device, such as /dev/ttyUSB0", r"/[\w./-]{1,100}"),
    "tcp": (
        f"the host, with its port unless it is {PORT}",
        r"(\[[0-9A-Fa-f:.]+\]|[\w.-]{1,253})(:\d{1,5})?",
    ),
    "file": ("the path of a file that is appended to", r"/[^\x00-\x1f]{1,300}"),
}
_NAME = re.compile(r"[\w-]{1,20}")


@dataclass(frozen=True)
class Printer:
    """A printer. kind: one of KINDS; profile: one of PROFILES; baud and flow: of a serial line."""

    name: str
    kind: str
    address: str
    profile: str = DEFAULT
    baud: int = 9600
    flow: str = "none"

    def host(self) -> tuple[str, int]:
        """Return host and port of a printer of the kind tcp."""
        host, separator, port = self.address.rpartition(":")
        if not separator or "]" in port:
            return self.address.strip("[]"), PORT
        return host.strip("[]"), int(port)


def printers(folder: Path) -> dict[str, Printer]:
    """Return the printers by name. Raise `printer_invalid` when the file cannot be read."""
    path = folder / FILE
    try:
        data = foreign_json.loads(path.read_bytes())
        if data["v"] != VERSION:
            raise ValueError(data["v"])
        found = [Printer(**fields) for fields in data["printers"]]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise reason(
            "printer_invalid",
            f"{path} is damaged or of a later version: remove it, and add the printers again.",
        ) from error
    return {printer.name: printer for printer in found}


def find(folder: Path, name: str | None) -> Printer:
    """Return the printer with a name; the only one when no name is given. Raise
    `printer_unknown`."""
    known = printers(folder)
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is not None and name in known:
        return known[name]
    names = ", ".join(sorted(known))
    if not known:
        sentence = "There is no printer yet: `tjugo printer add` adds one."
    elif name is None:
        sentence = f"Name one of the printers: {names}."
    else:
        sentence = f"There is no printer {name!r}: {names}."
    raise reason("printer_unknown", sentence)


def add(folder: Path, printer: Printer) -> None:
    """Add a printer. Raise `printer_invalid`, or `printer_exists` when the name is taken."""
    _check(printer)
    with waiting(folder):
        known = printers(folder)
        if printer.name in known:
            raise reason("printer_exists", f"There is a printer {printer.name} already.")
        _write(folder, known | {printer.name: printer})


def remove(folder: Path, name: str) -> None:
    """Remove a printer. Raise `printer_unknown`."""
    with waiting(folder):
        known = printers(folder)
        find(folder, name)
        del known[name]
        _write(folder, known)


def _write(folder: Path, known: dict[str, Printer]) -> None:
    content = {"v": VERSION, "printers": [asdict(known[name]) for name in sorted(known)]}
    with private_file(folder / FILE) as file:
        file.write(json.dumps(content, indent=1).encode() + b"\n")


def _check(printer: Printer) -> None:
    if not _NAME.fullmatch(printer.name):
        wrong = "A printer's name has 1 to 20 letters, digits, - and _."
    elif printer.kind not in KINDS:
        wrong = f"A printer is one of {', '.join(KINDS)}."
    elif not re.fullmatch(KINDS[printer.kind][1], printer.address):
        wrong = f"The address of a printer of the kind {printer.kind} is {KINDS[printer.kind][0]}."
    elif printer.kind == "tcp" and not 1 <= printer.host()[1] <= 65535:
        wrong = "The port must be from 1 to 65535."
    elif printer.profile not in PROFILES:
        wrong = f"The profile is one of {', '.join(PROFILES)}."
    elif printer.baud not in BAUDS or printer.flow not in FLOWS:
        wrong = f"Baud rates: {', '.join(map(str, BAUDS))}; flow control: {', '.join(FLOWS)}."
    else:
        return
    raise reason("printer_invalid", wrong)
