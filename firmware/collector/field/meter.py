"""What is known of one meter on the bus. No I/O and no clock."""

from meterbus import codes, registers
from uplink.messages import NOT_ENERGY

# Steps of a poll, each one request: the block that is read. See docs/wire.md.
STATE = "state"
DEVICE = "device"
ACCOUNT = "account"
POWER = "power"
MONEY = "money"  # of a currency meter, after the others
TAMPER = "tamper"  # of a meter whose status has tampering, the last

BLOCKS = {
    STATE: (registers.STATE_START, registers.STATE_COUNT),
    DEVICE: (registers.DEVICE_START, registers.DEVICE_COUNT),
    ACCOUNT: (registers.ACCOUNT_START, registers.ACCOUNT_COUNT),
    POWER: registers.block("power_w", "power_w"),
    TAMPER: registers.block("tamper", "tamper"),
}


def block_of(step):
    """Return (start, count) of the block that a step reads."""
    if step != MONEY:
        return BLOCKS[step]
    from meterbus import energy_rows  # few collectors have a currency meter

    energy_rows.add(energy_rows.MONEY)
    return energy_rows.MONEY_START, energy_rows.MONEY_COUNT


# What the device block names, and the register of the state block that has the same value.
_SAME = (
    ("device_status", "status"),
    ("device_reasons", "open_reasons"),
    ("device_control_state", "control_state"),
)

_ALL = codes.KNOWN_LEDGER | codes.KNOWN_KEY | codes.KNOWN_POWER  # what the state block needs
# With one of these, a meter's kinds of tampering are read or unknown, else there are none.
_NOT_INTACT = codes.STATUS_TAMPER | codes.STATUS_SAFE | codes.STATUS_LEDGER_FAULT

WRITE = "write"  # steps of a job
RESULT = "result"
ANSWER = "answer"
ORDER = "order"  # steps of an order
PROOF = "proof"


class Meter:
    """One address on the bus and the meter expected there."""

    def __init__(self, address, drn):
        self.address = address
        self.drn = drn
        self.online = None  # None not known yet, True, False
        self.fault = ""  # why it is offline
        self.crash = ""  # its last crash report
        self.ask_crash = False
        self.blocks = ()  # ((start, bytes), ...) of the last poll
        self.at = None  # UTC seconds of that poll, None unknown
        self.ready = False  # it can take tokens: its ledger is readable
        self.unsent = False  # its state is to be published
        self.poll_ms = 0  # until the next poll, negative if late
        self.poll_step = STATE  # what the next poll reads
        self._begun = []  # blocks of the poll that is under way
        self._detour = False  # in this poll the state block was refused
        self.misses = 0  # requests without an answer, since the last answer
        self.absences = 0  # attempts since it went offline
        self.begin(None)

    def begin(self, job):
        """Take the next job, jobs.table.Job or None."""
        self.job = job
        self.order = None  # its bytes, if it is one and they were needed already
        steps = (ORDER, PROOF) if job and job.ordered else (WRITE, RESULT)
        self.step = steps[bool(job and job.unsure)]  # what the job needs next
        self.job_ms = 0  # until that
        self.writes = 0  # of its token
        self.looks = 0  # at its result
        self.result = None  # what it gave, of which the proof is read
        self.refusals = 0  # in reply to it

    def registers(self):
        """Return {register: value} of what the last poll read."""
        found = {}
        for start, data in self.blocks:
            found.update(registers.decode(start, data))
        for device_name, name in _SAME:
            if device_name in found:
                found[name] = found[device_name]
        if not found.get("status", _NOT_INTACT) & _NOT_INTACT:
            found["tamper"] = 0
        return found

    def crashed(self):
        """Return True if its status names a crash report."""
        return bool(self.registers().get("status", 0) & codes.STATUS_CRASHED)

    def restart_poll(self):
        """Begin the next poll anew with the state block."""
        self.poll_step = STATE
        self._detour = False
        self._begun = []

    def state_refused(self):
        """Ask what is known after the state block was refused."""
        self.poll_step = DEVICE
        self._detour = True
        self._begun = []

    def read(self, step, data):
        """Take a block, None if it was refused; return True if the poll is complete.

        Else `poll_step` is the next block to read.
        """
        if data is not None:
            self._begun.append((block_of(step)[0], data))
        following = self._after(step)
        if following:
            self.poll_step = following
            return False
        state = self._begun[0][0] == registers.STATE_START
        self.ready = state or bool(self._known() & codes.KNOWN_LEDGER)
        whole = state or self._known() & _ALL == _ALL
        self.poll_step = STATE if whole else DEVICE
        self._detour = False
        begun = tuple(self._begun)
        self._begun = []
        self.unsent = self.unsent or begun != self.blocks
        self.blocks = begun
        return True

    def _known(self):
        return registers.decode(*self._begun[0])["known"]

    def _in_money(self):
        """Return whether the credit that was read is not energy."""
        for block in self._begun:
            if block[0] == registers.STATE_START:  # that of the account, too
                return _value("credit", block) == NOT_ENERGY
        return False

    def _tampered(self):
        """Return whether there are kinds of tampering to be read."""
        block = self._begun[0]
        if block[0] == registers.STATE_START:
            return _value("status", block) & codes.STATUS_TAMPER
        return self._known() & codes.KNOWN_LEDGER and (
            _value("device_status", block) & codes.STATUS_TAMPER
        )

    def _after(self, step):
        """Return the block to read after this one in the same poll, or None."""
        if step == TAMPER:
            return None
        if step != MONEY:
            following = self._of_energy(step) or (MONEY if self._in_money() else None)
            if following:
                return following
        return TAMPER if self._tampered() else None

    def _of_energy(self, step):
        """Return the block to read after this one, or None, of a meter that counts energy."""
        if step == STATE:
            return None
        known = self._known()
        if step == DEVICE and known & _ALL == _ALL and not self._detour:
            self._begun = []
            return STATE
        if step == DEVICE and known & codes.KNOWN_LEDGER:
            return ACCOUNT
        if step != POWER and known & codes.KNOWN_POWER:
            return POWER
        return None


def _value(name, block):
    """Return the value of a register in a block (start, bytes) that has it."""
    found = registers.row(name)
    return registers.unpack(found, block[1], 2 * (found[registers.ADDRESS] - block[0]))
