"""The meter as the bus sees it: handler of meterbus.server. One row a register."""

from meterbus import frame, registers
from sts_portable import results

from . import VERSION

_PLAIN = {frame.READ_INPUT: "i", frame.READ_HOLDING: "h"}


def _sdm(index):
    """A float32 view of a reading in 1/1000; what the meter cannot tell reads 0."""
    return lambda view: registers.milli(view.meter.reading[index] or 0)


def _status(view):
    meter = view.meter
    return (
        (registers.STATUS_COVER_OPEN if meter.cover_open else 0)
        | (registers.STATUS_RELAY_CLOSED if meter.relay_closed else 0)
        | (registers.STATUS_NOT_CONFIGURED if meter.settings.wrong else 0)
        | (registers.STATUS_LEDGER_FAULT if meter.ledger_fault() else 0)
        | (registers.STATUS_RELAY_FAULT if meter.supply.relay_failed else 0)
        | (registers.STATUS_CRASHED if view.crash else 0)
    )


def _energy(view):
    return registers.milli(view.meter.state.account.energy_wh)


GETTERS = {
    "sdm_voltage": _sdm(0),
    "sdm_current": _sdm(1),
    "sdm_power": lambda view: view.meter.reading[2] or 0,
    "sdm_frequency": lambda view: registers.milli(10 * (view.meter.reading[3] or 0)),
    "sdm_import": _energy,
    "sdm_total": _energy,
    "energy_wh": lambda view: view.meter.state.account.energy_wh,
    "credit": lambda view: view.meter.state.account.credit_wh // 10,
    "control_state": lambda view: view.meter.supply.control_state(),
    "open_reasons": lambda view: view.meter.supply.reasons,
    "token_result": lambda view: view.meter.state.last_result,
    "sequence": lambda view: view.meter.state.sequence,
    "power_fail_count": lambda view: view.meter.state.power_fail_count,
    "power_limit_w": lambda view: 0,
    "krn": lambda view: view.meter.state.key.krn,
    "ti": lambda view: view.meter.state.key.ti,
    "sgc": lambda view: view.meter.state.key.sgc,
    "ken": lambda view: view.meter.state.key.ken,
    "kt": lambda view: view.meter.state.key.kt,
    "status": _status,
    "power_w": lambda view: view.meter.reading[2] or 0,
    "drn": lambda view: view.meter.settings.drn,
    "token_ref": lambda view: view.entered("token_ref"),
    "token": lambda view: view.entered("token"),
    "token_command": lambda view: 0,
    "result": lambda view: view.result,
    "result_ref": lambda view: view.result_ref,
}


class BusView:
    """Answers reads from the meter; gathers a token, which `work` enters after the answer is out.

    result, result_ref: of the token entered last from the bus, also after a restart.
    crash: what is known of the last crash, "" if there was none.
    """

    def __init__(self, meter, board_name="", crash=""):
        self.meter = meter
        self.crash = crash
        self.result_ref = meter.state.bus_ref
        self.result = results.ACCEPT if self.result_ref else results.NONE
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
        self._before = (self.result, self.result_ref)

    def read(self, function, start, count, out):
        """See meterbus.server.Server."""
        if not registers.covered(start, count, _PLAIN[function]):
            return frame.ILLEGAL_ADDRESS
        registers.fill(start, count, self._get, out)
        return 0

    def write(self, start, count, data):
        """See meterbus.server.Server. Single registers may be written too."""
        if not registers.covered(start, count, "w"):
            return frame.ILLEGAL_ADDRESS
        command = self._command_in(start, count, data)
        code = self._refusal(command)
        if code:
            return code
        at = 2 * (start - registers.TOKEN_START)
        self._image[at : at + 2 * count] = data
        if command:
            self._begin()
        return 0

    def identify(self, number):
        """See meterbus.server.Server."""
        if number == registers.CRASH_OBJECT:
            return self.crash or None
        return self._objects[number] if number < len(self._objects) else None

    def work(self):
        """Enter the token that waits, if there is one."""
        if not self._pending:
            return
        digits, ref = self._pending
        self._pending = None
        result = self.meter.enter_token(digits, ref)
        if result == results.NONE:
            # Not taken, and nothing is known of this reference: the sender will write again.
            self.result, self.result_ref = self._before
        else:
            self.result = result

    def entered(self, name):
        """What was written to a register of the token entry."""
        row = registers.row(name)
        at = 2 * (row[registers.ADDRESS] - registers.TOKEN_START)
        return registers.unpack(row, self._image, at)

    def _get(self, name):
        return GETTERS[name](self)

    def _command_in(self, start, count, data):
        at = registers.row("token_command")[registers.ADDRESS] - start
        return frame.u16(data, 2 * at) if at < count else 0

    def _refusal(self, command):
        """The Modbus exception code for a write, or 0."""
        if command not in (0, registers.ENTER):
            return frame.ILLEGAL_VALUE
        if self._pending:
            return frame.DEVICE_BUSY
        if command and not self.meter.usable():
            return frame.DEVICE_FAILURE
        return 0

    def _begin(self):
        digits, ref = self.entered("token"), self.entered("token_ref")
        self._before = (self.result, self.result_ref)
        self.result_ref = ref
        self.result = self.meter.known_result(digits, ref)
        if self.result == results.NONE:
            self.result = results.BUSY
            self._pending = (digits, ref)
