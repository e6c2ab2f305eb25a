"""The technician's checks of a meter at the console of the emulated board."""

from meter_board import DRN, write_flash

from tjugo.device import calibration, inspection_port
from tjugo.device.inspection import FAILED
from tjugo.device.remote import Remote
from tjugo.emulated.qemu import QemuBoard


def test_the_checks_at_the_service_port(emulator, tmp_path):
    write_flash(tmp_path / "flash")
    board = QemuBoard(emulator, tmp_path / "flash")
    try:
        board.start()
        for _ in range(2):  # the first one may interrupt the board while it starts
            with Remote(board.port) as remote:
                found = {one.name: one for one in inspection_port.at_the_port(remote)}
        failed = [one for one in found.values() if one.state == FAILED]
        # On a busy host the emulated watchdog may have bitten: that is a crash, and only that.
        assert [one.name for one in failed if "watchdog" not in one.detail] == []
        assert found["ledger copies"].detail.startswith("good, good")
        assert found["metering part"].detail == "230.0 V, 0.000 A, 0.0 W"
        with Remote(board.port) as remote:
            assert len(calibration.measure(remote, 20)) == 20
            state = calibration.state(remote.call("settings", "look"))
        assert (state.drn, state.checksum) == (DRN, None)
    finally:
        board.close()
