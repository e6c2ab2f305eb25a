"""A Modbus client at the end of an emulated UART's socket, without the timing of a line."""

import socket
import struct
import time
from pathlib import Path

from meter_board import ADDRESS

from meterbus import client, frame, orders, registers

_ASK_AGAIN_SECONDS = 0.25
_BUSY_SECONDS = 0.005


class NoAnswer(Exception):
    """The board does not answer or has ended."""

    def __init__(self, text: object, gone: bool = False) -> None:
        super().__init__(str(text))
        self.gone = gone


class ModbusClient:
    """A client as a context manager. Raises NoAnswer. again: seconds before asked() repeats."""

    def __init__(self, uart: Path, again: float = _ASK_AGAIN_SECONDS) -> None:
        self._again = again
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(uart))
        except OSError as error:
            raise NoAnswer(error, gone=True) from error

    def __enter__(self) -> "ModbusClient":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def transact(self, request: bytes, seconds: float) -> client.ReplyParser:
        """Send a request and return the complete reply. Raise NoAnswer."""
        parser = client.ReplyParser(request)
        deadline = time.monotonic() + seconds
        try:
            self._socket.sendall(request)
            while True:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                data = self._socket.recv(4096)
                if not data:
                    raise NoAnswer("the board closed its UART", gone=True)
                if parser.receive(data):
                    return parser
        except OSError as error:
            raise NoAnswer(error, gone=not isinstance(error, TimeoutError)) from error

    def state(self, seconds: float = 20.0) -> dict:
        """Return the registers of a poll by name, repeating the request while a board starts."""
        request = client.read_request(
            ADDRESS, client.READ_INPUT_REGISTERS, registers.STATE_START, registers.STATE_COUNT
        )
        return registers.decode(registers.STATE_START, self.asked(request, seconds).data)

    def asked(self, request: bytes, seconds: float = 20.0) -> client.ReplyParser:
        """Return the reply to a request that is repeated while a board starts."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.transact(request, self._again)
            except NoAnswer as error:
                if error.gone or time.monotonic() > deadline:
                    raise

    def identification(self, address: int = ADDRESS) -> dict[int, str]:
        """Return the objects of the device identification, including extended ones."""
        return self.asked(client.identify_request(address, 3)).objects()

    def read(self, name: str, address: int = ADDRESS) -> object:
        """Return a register by name, as a number or text. Raise KeyError if it is refused."""
        row = registers.row(name)
        start, count = row[registers.ADDRESS], row[registers.WORDS]
        reply = self.asked(
            client.read_request(address, client.READ_HOLDING_REGISTERS, start, count)
        )
        return registers.decode(start, reply.data)[name]

    def enter(self, digits: str, ref: int, seconds: float = 5.0) -> int:
        """Write a token, read its result until it is not Busy, and return it."""
        entry = registers.token_entry(digits, ref)
        written = self.transact(
            client.write_request(ADDRESS, registers.TOKEN_START, entry), seconds
        )
        if written.exception:
            raise NoAnswer(f"the write was refused: {written.exception}")
        look = client.read_request(
            ADDRESS, client.READ_HOLDING_REGISTERS, registers.RESULT_START, registers.RESULT_COUNT
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = registers.decode(registers.RESULT_START, self.transact(look, seconds).data)
            if found["result_ref"] == ref and found["result"] not in (0, 16):
                return found["result"]
            time.sleep(_BUSY_SECONDS)
        raise NoAnswer("the result stayed Busy")

    def order(self, signed: bytes, seconds: float = 20.0) -> tuple[int, int]:
        """Write an order, and return (result, sequence) of its answer once there is one."""
        request = client.write_request(ADDRESS, orders.START, orders.registers(signed))
        self.asked(request, seconds).check()
        look = client.read_request(
            *(ADDRESS, client.READ_HOLDING_REGISTERS, orders.ANSWER_START, orders.ANSWER_COUNT)
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.transact(look, seconds)
            if found.exception != frame.SERVER_DEVICE_BUSY:
                found.check()
                return struct.unpack(orders.ANSWER, found.data)[:2]
            time.sleep(_BUSY_SECONDS)
        raise NoAnswer("the order was not carried out")
