"""The public library sdm-modbus on the pymodbus of today.

Version 0.7.0, of 2023, imports names that pymodbus 3.10 removed and passes `slave` where it is
`device_id` now. They are supplied here; the tables of registers, the blocks that are read at once
and the decoding of their values are the library's.
"""

import enum
import struct
import sys
from types import ModuleType, SimpleNamespace

import pytest

pymodbus = pytest.importorskip("pymodbus.client", reason="pymodbus is not installed")
constants = pytest.importorskip("pymodbus.constants")
messages = pytest.importorskip("pymodbus.pdu.register_message")


class Endian(enum.Enum):
    BIG = ">"
    LITTLE = "<"


class Decoder:
    """A cursor over registers."""

    def __init__(self, raw):
        self._raw = raw
        self._at = 0

    @classmethod
    def fromRegisters(cls, registers, byteorder, wordorder):
        assert byteorder is wordorder is Endian.BIG
        return cls(struct.pack(f">{len(registers)}H", *registers))

    def skip_bytes(self, count):
        self._at += count

    def decode_32bit_float(self):
        self._at += 4
        return struct.unpack_from(">f", self._raw, self._at - 4)[0]


def _module(name, **contents):
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules.setdefault(name, module)


def library():
    """Return the module sdm_modbus; skip the test where it is not installed."""
    if not hasattr(constants, "Endian"):
        constants.Endian = Endian
    _module("pymodbus.payload", BinaryPayloadDecoder=Decoder, BinaryPayloadBuilder=None)
    _module(
        "pymodbus.register_read_message",
        ReadInputRegistersResponse=messages.ReadInputRegistersResponse,
        ReadHoldingRegistersResponse=messages.ReadHoldingRegistersResponse,
    )
    return pytest.importorskip("sdm_modbus", reason="sdm-modbus is not installed")


class Client:
    """A serial client with the arguments of pymodbus 3.5."""

    def __init__(self, path):
        self._client = pymodbus.ModbusSerialClient(
            path, baudrate=9600, parity="N", timeout=1, retries=2
        )
        self.connect, self.close = self._client.connect, self._client.close
        self.is_socket_open = self._client.is_socket_open
        self.asked = []  # (address, count) of every request

    def read_input_registers(self, address, count, slave):
        self.asked.append((address, count))
        return self._client.read_input_registers(address, count=count, device_id=slave)


def meter_of(name, client, module):
    """Return the library's object for a meter of this model at address 1."""
    line = SimpleNamespace(
        client=client,
        mode=module.meter.connectionType.RTU,
        timeout=1,
        retries=3,
        framer=None,
        unit=1,
        device="",
        stopbits=1,
        parity="N",
        baud=9600,
    )
    return getattr(module, name)(parent=line)
