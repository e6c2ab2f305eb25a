"""The meter on the bus: handler of meterbus.server, from the registers that the features bring."""

import struct

from meterbus import codes, frame, registers
from runtime import overlay
from sts_portable import results

from . import VERSION
from .clock import permits

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_ADDRESS = const(0x1120)  # the first register of meterbus/descriptions.py's ADDRESS_
_ORDER = const(0x1140)  # START and ANSWER_START of meterbus/orders.py
_ORDER_ANSWER = const(0x11A0)
_CLOCK = const(2)  # registers of the time
_SMALL = const(0x7FFF)  # what every row of integers can hold
_PLAIN = {frame.READ_INPUT_REGISTERS: "i", frame.READ_HOLDING_REGISTERS: "h"}


class BusView:
    """Answers reads; gathers a token, which `work` enters after the reply is sent.

    result, result_ref: of the token entered last from the bus, also after a restart.
    crash: the report of the last crash, "" if there was none.
    """

    def __init__(self, meter, board_name="", crash="", set_clock=None, set_address=None):
        """set_clock(unix), set_address(address): set the board's clock, the address in its
        settings; None if that is not possible."""
        self.meter = meter
        self.to_all = False  # the request is a broadcast
        self._set_clock = set_clock
        self._moves = [0, meter.unix()]  # of the clock
        self._set_address = set_address
        self._address = 0  # to be set
        self.crash = crash
        self.result_ref = meter.tokens.bus_ref
        self.result = results.ACCEPT if self.result_ref else results.NONE
        meter.answer.repeat()
        self._orders = getattr(meter, "orders", None)
        self._objects = (
            "Tjugo",
            "prepaid-meter",
            VERSION,
            None,
            "Tjugo prepaid meter",
            board_name,
            meter.settings.drn,
        )
        self._image = bytearray(2 * registers.TOKEN_COUNT)
        self._pending = None
        self._before = (self.result, self.result_ref, meter.answer.last)
        self._files = meter.table("FILES")
        self.sources = meter.table("REGISTERS")
        self._known = 0  # when the block that is read was asked for
        self._planned = None  # function, start and count of the request that _plan is for
        self._plan = None

    def read(self, function, start, count, out):
        """See meterbus.server.Server. Values that are not known are refused, or NaN; never 0."""
        if start == _ORDER_ANSWER and self._orders and function == frame.READ_HOLDING_REGISTERS:
            return self._orders.read(count, out)
        if self._planned != (function, start, count):
            self._planned = function, start, count
            self._plan = self._new_plan(function, start, count)
        if self._plan:
            return self._read_plan(out)
        if not registers.covered(start, count, _PLAIN[function]):
            return frame.ILLEGAL_DATA_ADDRESS
        self._known = self.meter.known()
        if not registers.readable(start, count, self._known):
            return frame.SERVER_DEVICE_FAILURE
        registers.fill(start, count, self._get, out)
        return 0

    def _new_plan(self, function, start, count):
        """Return what _read_plan() needs for a block that is read again and again, None for one
        that is read row by row."""
        if not registers.covered(start, count, _PLAIN[function]):
            return None
        found = registers.plan(start, count)
        if found is None:
            return None
        rows, form, groups = found
        features = [self.sources.get(row[registers.NAME], self) for row in rows]
        # Of a feature that this meter does not have, the group is never known.
        getters = [features[i].REGISTERS.get(rows[i][registers.NAME]) for i in range(len(rows))]
        return rows, features, getters, [None] * len(rows), form, groups

    def _read_plan(self, out):
        rows, features, getters, values, form, groups = self._plan
        if groups & ~self.meter.known():
            return frame.SERVER_DEVICE_FAILURE
        for i in range(len(values)):
            value = getters[i](features[i])
            if isinstance(value, int):
                if not 0 <= value <= _SMALL:
                    value = registers.nearest(rows[i], value)
            elif isinstance(value, str):
                value = value.encode()
            values[i] = value
        struct.pack_into(form, out, 0, *values)
        return 0

    def write(self, start, count, data):
        """See meterbus.server.Server. Single registers may be written too."""
        if start == _ADDRESS:
            return self._new_address(count, data)
        if start == _ORDER and self._orders:
            return frame.ILLEGAL_DATA_VALUE if self.to_all else self._orders.write(count, data)
        if not registers.covered(start, count, "w"):
            return frame.ILLEGAL_DATA_ADDRESS
        if start < registers.TOKEN_START:
            return self._new_time(count, data)
        if self.to_all:
            return 0  # no broadcast enters a token: nobody would get its answer
        command = self._command_in(start, count, data)
        code = self._refusal(command)
        if code:
            return code
        at = 2 * (start - registers.TOKEN_START)
        self._image[at : at + 2 * count] = data
        if command:
            self._begin()
        return 0

    def read_file(self, number, start, count, out):
        """See meterbus.server.Server. An entry that is not there has all bits set."""
        feature = self._files.get(number)
        if not feature:
            return frame.ILLEGAL_DATA_ADDRESS
        entries, words, load = feature.FILES[number]
        if start + count > entries * words:
            return frame.ILLEGAL_DATA_ADDRESS
        if not self.meter.ledger.loaded:
            return frame.SERVER_DEVICE_FAILURE
        buf = bytearray(2 * words + 4)
        done, end = 0, len(out)
        while done < end:
            index, skip = divmod(2 * start + done, 2 * words)
            if not load(feature, index, buf):
                buf[:] = b"\xff" * len(buf)
            part = min(2 * words - skip, end - done)
            out[done : done + part] = memoryview(buf)[skip : skip + part]
            done += part
        return 0

    def identify(self, number):
        """See meterbus.server.Server."""
        if number == codes.CRASH_OBJECT:
            return self.crash or None
        return self._objects[number] if number < len(self._objects) else None

    def work(self):
        """Enter the token and carry out the order that wait, and take the new address, if there
        is one."""
        if self._orders:
            self._orders.work()
        if self._address:
            self._set_address(self._address)
            self._address = 0
        if not self._pending:
            return
        digits, ref = self._pending
        self._pending = None
        result = self.meter.enter_token(digits, ref)
        if result == results.NONE:
            # Not taken, and no result is kept for this reference: the client writes it again.
            self.result, self.result_ref, self.meter.answer.last = self._before
        else:
            self.result = result

    def entered(self, name):
        """Return what was written to a register of the token entry."""
        row = registers.row(name)
        at = 2 * (row[registers.ADDRESS] - registers.TOKEN_START)
        return registers.unpack(row, self._image, at)

    def status(self):
        """Return the bits of codes.STATUS."""
        return self.meter.status() | (codes.STATUS_CRASHED if self.crash else 0)

    def _new_time(self, count, data):
        """Set the clock as far as clock.py permits; return a Modbus exception code, or 0."""
        if not self._set_clock:
            return frame.ILLEGAL_DATA_ADDRESS
        if count != _CLOCK:
            return frame.ILLEGAL_DATA_VALUE
        unix = registers.unpack(registers.row("unix"), data, 0)
        if not codes.FIRST_TIME <= unix < codes.END_OF_TIME:
            return frame.ILLEGAL_DATA_VALUE
        before = self.meter.unix()
        moved = 0xFFFF if before is None else min(abs(unix - before), 0xFFFF)
        if moved <= 1:
            return 0  # the time of the bus is in whole seconds, too
        if not permits(self._moves, before, unix):
            self.meter.events.note(codes.EVENT_CLOCK_REFUSED, moved)
            return frame.ILLEGAL_DATA_VALUE
        self._set_clock(unix)
        self.meter.clock_set(moved)
        return 0

    def _new_address(self, count, data):
        """Take an address that comes with this meter's DRN; return a Modbus exception code, or 0.

        `work` sets it: the reply comes from the old one.
        """
        if not self._set_address:
            return frame.ILLEGAL_DATA_ADDRESS
        args = self.meter, count, data
        code, self._address = overlay.call("meter.readdress", "asked", *args)
        return code

    def _get(self, name):
        if registers.row(name)[registers.GROUP] & ~self._known:
            return None  # of a block in Eastron's map
        feature = self.sources.get(name, self)
        return feature.REGISTERS[name](feature)

    def _command_in(self, start, count, data):
        at = registers.row("token_command")[registers.ADDRESS] - start
        return frame.u16(data, 2 * at) if at < count else 0

    def _refusal(self, command):
        """Return the Modbus exception code for a write, or 0."""
        if command not in (0, registers.ENTER):
            return frame.ILLEGAL_DATA_VALUE
        if self._pending:
            return frame.SERVER_DEVICE_BUSY
        if command and not self.meter.usable():
            return frame.SERVER_DEVICE_FAILURE
        return 0

    def _begin(self):
        digits, ref = self.entered("token"), self.entered("token_ref")
        answer = self.meter.answer
        self._before = (self.result, self.result_ref, answer.last)
        self.result_ref = ref
        if self.meter.tokens.accepted(digits, ref):
            self.result = results.ACCEPT
            answer.repeat()
        else:
            self.result = results.BUSY
            answer.last = None
            self._pending = (digits, ref)

    REGISTERS = {
        "status": status,
        "device_status": status,
        "known": lambda self: self.meter.known(),
        "token_ref": lambda self: self.entered("token_ref"),
        "token": lambda self: self.entered("token"),
        "token_command": lambda self: 0,
        "unix": lambda self: self.meter.unix(),
        "result": lambda self: self.result,
        "result_ref": lambda self: self.result_ref,
    }
