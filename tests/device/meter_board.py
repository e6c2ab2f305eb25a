"""A meter on the emulated board for the tests: its flash and its tokens."""

import json
from pathlib import Path

from sts_portable import pan, vendor
from tjugo.device import targets
from tjugo.emulated import qemu_flash

DRN = pan.with_check("0100000001")
ADDRESS = 1
KEY = bytes.fromhex("abababababababab")
EA = 7
WH_A_TOKEN = 50_000
_FIRST_TID = 6_000_000

SETTINGS = {"drn": DRN, "address": ADDRESS, "key": KEY.hex(), "ea": EA}


# Offset of the emulated board's FRAM: boards/qemu_mps2/mps2_parts.py.
FRAM_OFFSET = 2 * 1024 * 1024
LEDGERS = Path(__file__).resolve().parents[1] / "host" / "ledgers"


def old_ledger(name: str) -> tuple[bytes, dict]:
    """Return a ledger of earlier firmware from tests/host/ledgers, and its content as a dict."""
    facts = json.loads((LEDGERS / "ledgers.json").read_text())[name]
    return (LEDGERS / f"{name}.bin").read_bytes(), facts


def write_fram(flash: Path, content: bytes) -> None:
    """Write the ledger's memory into a flash created by write_flash."""
    with flash.open("r+b") as image:
        image.seek(FRAM_OFFSET)
        image.write(content)


def token(number: int) -> str:
    """Return the digits of the credit token with this number, from 0, for WH_A_TOKEN."""
    return vendor.credit(KEY, EA, _FIRST_TID + number, number % 16, WH_A_TOKEN // 100, 0, 255)


def write_flash(path: Path, role: str = "meter", settings: dict | None = None, **more) -> None:
    """Write a flash with the role deployed. more: files by name with `/` written as `__`."""
    files = targets.files(targets.target("qemu_mps2"), role)
    files["settings.json"] = json.dumps(settings or SETTINGS).encode()
    files |= {name.replace("__", "/"): content for name, content in more.items()}
    qemu_flash.write_image(path, files)
