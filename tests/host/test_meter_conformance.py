"""The meter's Modbus with independent clients: pymodbus, and mbpoll where it is installed."""

import shutil
import struct
import subprocess

import pytest
from meter_process import DRN, Cable, MeterBoard, settings, token

from sts_portable import results


@pytest.fixture
def line(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        board.deliver(token(200, 0), 5)
        board.state()
        with Cable(board) as cable:
            yield cable


@pytest.fixture
def modbus(line):
    serial = pytest.importorskip("pymodbus.client", reason="pymodbus is not installed")
    pytest.importorskip("serial", reason="pyserial is not installed")
    client = serial.ModbusSerialClient(line.path, baudrate=9600, parity="N", timeout=1, retries=5)
    assert client.connect()
    yield client
    client.close()


def test_pymodbus_reads_the_state(modbus):
    answer = modbus.read_input_registers(0x1000, count=28, device_id=1)
    raw = struct.pack(">28H", *answer.registers)
    energy, credit = struct.unpack_from(">Ii", raw)
    assert (energy, credit) == (0, 2000)
    assert raw[42:56].rstrip(b"\0").decode() == DRN
    assert modbus.read_holding_registers(0x1000, count=28, device_id=1).registers[2:4] == [0, 2000]


def test_pymodbus_reads_an_sdm120(modbus):
    answer = modbus.read_input_registers(0, count=2, device_id=1)
    assert struct.unpack(">f", struct.pack(">2H", *answer.registers)) == (230.0,)
    assert modbus.read_input_registers(0, count=125, device_id=1).isError() is False


def test_pymodbus_enters_a_token(modbus):
    text = token(100, 1)
    words = [0, 6, *(ord(text[i]) << 8 | ord(text[i + 1]) for i in range(0, 20, 2)), 1]
    assert not modbus.write_registers(0x10FE, words, device_id=1).isError()
    for _ in range(50):
        result, high, low = modbus.read_holding_registers(0x110B, count=3, device_id=1).registers
        if (high, low) == (0, 6) and result != results.BUSY:
            break
    assert result == results.ACCEPT


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("read_coils", {"address": 0, "count": 1}, 1),
        ("read_input_registers", {"address": 0x2000, "count": 1}, 2),
        ("read_holding_registers", {"address": 0, "count": 2}, 2),
        ("write_register", {"address": 0x1000, "value": 1}, 2),
        ("write_register", {"address": 0x110A, "value": 9}, 3),
        ("write_registers", {"address": 0x1000, "values": [1, 2]}, 2),
    ],
)
def test_pymodbus_is_refused(modbus, call, arguments, code):
    answer = getattr(modbus, call)(**arguments, device_id=1)
    assert answer.isError()
    assert answer.exception_code == code


def test_pymodbus_reads_file_records(modbus):
    messages = pytest.importorskip("pymodbus.pdu.file_message")

    def ask(*records):
        asked = [
            messages.FileRecord(file, start, record_length=size) for file, start, size in records
        ]
        return modbus.read_file_record(asked, device_id=1)

    answer = ask((1, 0, 24), (1, 4, 2))  # two events, and the code of the newest one
    two, code = (record.record_data for record in answer.records)
    newest, _, last_code, _, _ = struct.unpack_from(">IIBBH", two)
    assert struct.unpack_from(">I", two, 12)[0] == newest - 1
    assert code[0] == last_code
    for records, exception in (((2, 0, 10),), 2), (((1, 767, 4),), 2), (((1, 0, 246),), 3):
        answer = ask(*records)
        assert answer.isError() and answer.exception_code == exception


def test_pymodbus_sets_the_clock(modbus):
    def write(unix):
        return modbus.write_registers(0x1022, [unix >> 16, unix & 0xFFFF], device_id=1)

    def read():
        return modbus.read_holding_registers(0x1022, count=2, device_id=1).registers

    known = read()
    now = known[0] << 16 | known[1]
    assert not write(now).isError()  # of a clock that is known, it may not move
    answer = write(now + 3600)
    assert answer.isError() and answer.exception_code == 3
    found = read()
    assert 0 <= (found[0] << 16 | found[1]) - now < 30


def test_pymodbus_asks_who_it_is(modbus):
    told = modbus.read_device_information(read_code=1, object_id=0, device_id=1)
    assert told.information == {0: b"Tjugo", 1: b"prepaid-meter", 2: b"0.1.0"}
    told = modbus.read_device_information(read_code=2, object_id=0, device_id=1)
    assert told.information[6] == DRN.encode()


@pytest.mark.skipif(not shutil.which("mbpoll"), reason="mbpoll is not installed")
def test_mbpoll_reads_the_meter(line):
    wire = ["mbpoll", "-m", "rtu", "-a", "1", "-b", "9600", "-P", "none", "-0", "-1", "-o", "5"]
    voltage = ["-t", "3:float", "-B", "-r", "0", "-c", "1", line.path]
    told = subprocess.run([*wire, *voltage], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "[0]: \t230" in told.stdout
    credit = ["-t", "4:int", "-B", "-r", str(0x1002), "-c", "1", line.path]
    told = subprocess.run([*wire, *credit], capture_output=True, text=True, timeout=60)
    assert "[4098]: \t2000" in told.stdout, told.stdout
