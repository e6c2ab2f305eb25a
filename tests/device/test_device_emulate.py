"""`make emulate`, used according to the text it prints."""

import contextlib
import subprocess
import sys

import pytest
from meter_board import DRN, write_flash
from pymodbus.client import ModbusSerialClient

from meterbus import registers
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError

pytestmark = pytest.mark.long

LAST_LINE = "Ctrl-C"
SECONDS = 30


class Emulation:
    """The command as a process. `ports`: console and bus, as printed last."""

    def __init__(self, flash):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tjugo", "emulate", "--flash", str(flash)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def started(self):
        """Read the output after a board has started. Return (console, bus, output)."""
        lines = []
        while not lines or not lines[-1].startswith(LAST_LINE):
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            lines.append(line.rstrip())
        words = {line.split()[0]: line.split()[1] for line in lines if line.strip()}
        return words["console"], words["bus"], lines

    def end(self):
        """End the process and return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()


@pytest.fixture
def emulation(emulator, tmp_path):
    """Yield a function that starts an emulation on a flash of this test."""
    started = []

    def start():
        started.append(Emulation(tmp_path / "flash"))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end()


def test_it_is_polled_on_its_bus(emulation, tmp_path):
    write_flash(tmp_path / "flash")
    running = emulation()
    _console, bus, _lines = running.started()
    client = ModbusSerialClient(bus, baudrate=9600, timeout=2, retries=10)
    assert client.connect()
    try:
        reply = client.read_input_registers(
            registers.STATE_START, count=registers.STATE_COUNT, device_id=1
        )
    finally:
        client.close()
    data = b"".join(word.to_bytes(2, "big") for word in reply.registers)
    assert registers.decode(registers.STATE_START, data)["drn"] == DRN
    assert running.end() == 0


def test_a_reset_starts_it_again_with_its_flash(emulation):
    running = emulation()
    with Remote(running.started()[0]) as remote:
        remote.put({"kept": b"before the reset"})
        with contextlib.suppress(TjugoError):  # it may be gone before it has acknowledged
            remote.start("import machine; machine.reset()")
    console, _bus, lines = running.started()
    assert lines[0] == "The firmware has reset the board."
    with Remote(console) as remote:
        assert remote.get("kept") == b"before the reset"


def test_one_flash_has_one_board(emulation):
    emulation().started()
    second = emulation()
    assert second.process.wait(SECONDS) == 1
    assert "--flash" in second.process.stderr.read()
