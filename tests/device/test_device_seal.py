"""The console of a sealed meter on the emulated board: closed while its cover is."""

import pytest
from meter_board import SETTINGS, write_flash

from tjugo.device.console import Console
from tjugo.device.remote import Remote
from tjugo.emulated.qemu import QemuBoard
from tjugo.errors import TjugoError

CTRL_C = b"\x03"


@pytest.mark.long
def test_a_sealed_meter_is_interrupted_only_with_its_cover_open(emulator, tmp_path):
    write_flash(tmp_path / "flash", settings={**SETTINGS, "sealed": 1})
    with QemuBoard(emulator, tmp_path / "flash") as board:
        with Console(board.port) as console:
            assert console.wait_for("selftest", 30)["settings"] == "ok"
            console.wait_for("report", 30)
            console.write(3 * CTRL_C + b"\n")
            console.send({"keys": "804#"})
            while "01000000" not in str(console.wait_for("display", 30)):
                pass  # it runs on
        with pytest.raises(TjugoError, match="only while its cover is open"):
            Remote(board.port).close()
        with Console(board.port) as console:
            console.write(b"\n")  # ends what the attempt has left in the line
            console.send({"cover": True})
            console.wait_for("report", 30)
        with Remote(board.port) as remote:
            assert remote.call("settings", "look")["settings"]["sealed"] == 1
