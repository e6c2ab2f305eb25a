"""A week of a meter's life, and what must be true after a power cut at any write of it.

The meter that lives the week is never cut: its writes are recorded. For a cut, a memory is made
from the writes before it and a part of the next one, another meter starts on it, and judge()
compares that meter with the state before and after the action in which the cut was. That the meter
which is never cut counts right is checked against sums: Model.
"""

from meter_rig import FIRST_TID, KEY, Mark, Memory, meter, reading

from meter.events import ENTRIES
from meterbus import codes
from sts_portable import results, token, vendor

SECOND_KEY = bytes.fromhex("0123456789abcdef")
SETTINGS = {"emergency_wh": 500, "overload_w": 12000}
STEP_WH = 10  # the energy is saved at least so often
PULSES_PER_KWH = 1600
_BATCH = 50  # pulses that come at once, at most
_TICKS_MS = (300000, 14400000)
_LONGEST_LOCK_MS = 1280000
_SLOT_DAMAGED = 32  # event
_WAITING = 8  # events that one save may write


class Whole(Memory):
    """A memory with the places of all events."""

    size = 4096


class Recorder(Whole):
    """A memory that lists its writes as (offset, bytes)."""

    def __init__(self, data=None):
        super().__init__(data)
        self.list = []

    def write(self, offset, buf):
        self.list.append((offset, bytes(buf)))
        super().write(offset, buf)

    def taken(self):
        """Return the list of writes since the last call."""
        found, self.list = self.list, []
        return found

    def snapshot(self):
        """Return what cuts() starts from."""
        return bytearray(self.data)

    @staticmethod
    def cuts(start, writes, each):
        """Yield the memory after a cut in each write: none of its bytes, some, and all but one;
        and after the last write. Another meter may write to it.

        start: of snapshot(), it is changed. each: bytes between two cuts within a write.
        """
        for offset, content in writes:
            counts = list(range(0, len(content), each))
            counts.append(len(content) - 1)
            for count in counts:
                memory = Recorder(start)
                memory.data[offset : offset + count] = content[:count]
                yield memory
            start[offset : offset + len(content)] = content
        yield Recorder(start)


class Random:
    """Repeatable numbers, the same on every Python."""

    def __init__(self, seed):
        self._state = seed * 2654435761 % 4294967296

    def below(self, limit):
        self._state = (self._state * 1103515245 + 12345) % 2147483648
        return (self._state >> 8) % limit


class State:
    """What of a meter can be compared: credit, energy, key, the newest event."""

    def __init__(self, device):
        self.credit = device.account.credit
        self.energy_wh = device.account.energy_wh
        self.krn = device.tokens.key.krn
        self.sequence = device.events.sequence
        self.limit_w = device.limiter.limit_w
        self.tamper = device.tamper.latched


class Model:
    """What a meter has: sums, and nothing else."""

    def __init__(self):
        self.pulses = self.credit = 0

    def consume(self, pulses, price):
        before = self.energy_wh()
        self.pulses += pulses
        self.credit -= price * (self.energy_wh() - before)

    def energy_wh(self):
        return self.pulses * 1000 // PULSES_PER_KWH


class Week:
    """A meter on a memory, and the tokens that it has accepted. step() does one action.

    memory: a Recorder, or another one with its methods. settings: of the meter.
    unsaved: the credit of the energy that a power failure may lose. register: of ClearCredit.
    """

    unsaved = STEP_WH
    register = 0

    def __init__(self, seed, memory, **settings):
        self._settings = settings
        self.random = Random(seed)
        self.memory, self.mark = memory, Mark()
        self.model = Model()
        self._unix = 1790000000
        self.device = self.start(memory)
        self.key, self.krn = KEY, 1
        self.accepted = []
        self.result = results.NONE  # of the last token
        self._tid = FIRST_TID
        self._sections = []  # of a key change, not entered yet
        self._entered = []  # of the same key change, in any order
        self.memory.taken()

    def start(self, memory):
        """Return a meter that starts on a memory."""
        return meter(memory, PULSES_PER_KWH, self.mark, self.unix, **self._settings)

    def unix(self):
        """Return the time of day."""
        return self._unix

    def state(self):
        """Return the State of its meter."""
        return State(self.device)

    def right(self, state):
        """Return whether a state is what the sums are."""
        found = state.energy_wh, state.credit
        return found == (self.model.energy_wh(), self.model.credit)

    def judged(self, device, before, after):
        """Return what else is wrong with a meter that was started after a cut, "" for nothing."""
        return ""

    def next_tid(self):
        """Return the next token identifier."""
        self._tid += 1
        return self._tid

    def credit(self, tenths):
        """Return a credit token of the meter's present key that was not used yet."""
        return vendor.credit(self.key, 7, self.next_tid(), 5, tenths)

    def worth(self, tenths):
        """Return what the token of credit() adds to the credit."""
        return 100 * tenths

    def price(self):
        """Return what a Wh takes off the credit now."""
        return 1

    def manage(self, subclass, **values):
        """Return a class 2 token."""
        return vendor.management(self.key, 7, subclass, self.next_tid(), 0, **values)

    def step(self):
        """Do one action; return (its name, the tokens to enter again after a power cut)."""
        choice = self.random.below(100)
        for limit, action in ACTIONS:
            if choice < limit:
                return action(self)
        raise ValueError("the actions do not add up to 100")

    def enter(self, name, digits):
        """Enter a token; keep it if it is accepted and has a TID."""
        self.result = self.device.enter_token(digits)
        if self.result == results.ACCEPT and name not in ("key change", "test"):
            self.accepted.append(digits)
        return name, [digits]


def _consume(week):
    device = week.device
    pulses = min(1 + week.random.below(_BATCH), device.pulse_limit())
    device.pulses(pulses)
    week.model.consume(pulses, week.price())
    return "pulses", []


def _wait(week):
    ms = _TICKS_MS[week.random.below(2)]
    week._unix += ms // 1000
    week.device.elapsed(ms, ms)
    return "time", []


def _buy(week):
    tenths = 1 + week.random.below(400)
    found = week.enter("credit", week.credit(tenths))
    if week.result == results.ACCEPT:
        week.model.credit += week.worth(tenths)
    return found


def _again(week):
    if not week.accepted:
        return _buy(week)
    return week.enter("used", week.accepted[-1 - week.random.below(min(9, len(week.accepted)))])


def _wrong(week):
    digits = "".join([str(week.random.below(10)) for _ in range(20)])
    return week.enter("wrong", digits)


def _change_key(week):
    if not week._sections:
        new = SECOND_KEY if week.key == KEY else KEY
        krn = 3 - week.krn
        sections = vendor.key_change_fields(new, 2, krn, 7, 255, False, 123456)
        week._sections = [token.make(2, sub, week.key, 7, **fields) for sub, fields in sections]
    digits = week._sections.pop(0)
    if digits not in week._entered:
        week._entered.append(digits)
    week.enter("key change", digits)
    entered = list(week._entered)
    if week.device.tokens.key.krn != week.krn:
        week.krn = week.device.tokens.key.krn
        week.key = SECOND_KEY if week.key == KEY else KEY
        week._sections, week._entered = [], []
    return "key change", entered  # the power cut makes the meter forget the first


def _clear(week):
    found = week.enter("clear credit", week.manage(1, register=week.register))
    if week.result == results.ACCEPT:
        week.model.credit = min(0, week.model.credit)
    return found


def _limit(week):
    return week.enter("power limit", week.manage(0, mpl=1000 + 100 * week.random.below(90)))


def _flag(week):
    state = week.random.below(2)
    return week.enter("flag", week.manage(10, index=63, flag=1, state=state))


def _tamper(week):
    device = week.device
    if device.tamper.latched:
        return week.enter("clear tamper", week.manage(5, pad=0))
    for _ in range(3):
        device.elapsed(200, 200)
        device.sensed(reading(230000, 1000, 2300), codes.METER_COVER, None)
    device.sensed(reading(230000, 1000, 2300), 0, None)
    return "tamper", []


def _overload(week):
    device = week.device
    device.sensed(reading(230000, 90000, 200000), 0, True)
    for _ in range(4):
        device.elapsed(10000, 10000)
    device.sensed(reading(230000, 0, 0), 0, False)
    return "overload", []


def _press(week):
    week.device.key("#")
    return "key", []


def _test(week):
    return week.enter("test", vendor.meter_test(0, 1, 1))


# Of 100 actions: those below the first number, and above the number of the row before.
ACTIONS = (
    (58, _consume),
    (66, _wait),
    (68, _overload),
    (70, _press),
    (82, _buy),
    (86, _again),
    (88, _wrong),
    (92, _change_key),
    (93, _clear),
    (95, _limit),
    (96, _flag),
    (99, _tamper),
    (100, _test),
)


def judge(memory, week, before, after, name, digits, starts=0):
    """Start a meter on a memory, and return what is wrong, "" for nothing.

    before, after: State around the action `name` in which the power was cut. digits: of the tokens
    that were being entered. starts: how many there were since.
    """
    device = week.start(memory)
    if device.ledger.fault:
        return device.ledger.fault
    return (
        _energy(device, before, after)
        or week.judged(device, before, after)
        or _limits(device, before, after)
        or _credit(device.account.credit, week.unsaved, before, after, name)
        or _events(device, before, after, starts + 1)
        or _tokens(device, week, before, after, name, digits)
    )


def _energy(device, before, after):
    found = device.account.energy_wh
    if not before.energy_wh - STEP_WH < found <= after.energy_wh:
        return "energy %d, %d to %d" % (found, before.energy_wh, after.energy_wh)
    return ""


def _limits(device, before, after):
    for name in ("limit_w", "tamper"):
        found = getattr(State(device), name)
        if found not in (getattr(before, name), getattr(after, name)):
            return "%s is %d" % (name, found)
    return ""


def _near(credit, unsaved, state):
    """Return whether a credit is a state's, or higher by energy that was not saved yet."""
    return 0 <= credit - state.credit < unsaved


def _credit(found, unsaved, before, after, name):
    if _near(found, unsaved, before) or _near(found, unsaved, after):
        return ""
    if name == "pulses" and after.credit <= found < before.credit + unsaved:
        return ""
    return "credit %d, %d before, %d after" % (found, before.credit, after.credit)


def _events(device, before, after, starts):
    events = device.events
    newest = events.sequence
    if newest < before.sequence or newest > after.sequence + 2 * starts:
        return "event %d, %d to %d" % (newest, before.sequence, after.sequence)
    if events.entry(newest) is None:
        return "the newest event cannot be read"
    found = events.entry(newest - 1)
    if found and found[1] == _SLOT_DAMAGED:
        return "a write that was cut is taken for damage"
    first = max(1, newest - ENTRIES + 1 + _WAITING)
    missing = [n for n in range(first, newest) if events.entry(n) is None]
    return "events lost: %s" % missing if len(missing) > _WAITING * starts else ""


def _tokens(device, week, before, after, name, digits):
    """Check that no token is accepted twice, and none is lost."""
    for one in week.accepted[:1] + week.accepted[-3:]:
        if one not in digits and device.tokens.check(one)[0] == results.ACCEPT:
            return "a token would be accepted twice"
    if not digits:
        return ""
    if week.result != results.LOCKOUT_ERROR:
        device.elapsed(0, _LONGEST_LOCK_MS)  # it begins anew with the start
    for one in digits:
        device.enter_token(one)
    if not _near(device.account.credit, week.unsaved, after):
        return "credit %d after the token again, %d" % (
            device.account.credit,
            after.credit,
        )
    krn = device.tokens.key.krn
    whole = len(digits) == 2 and krn == 3 - before.krn  # both sections in a row
    if krn != after.krn and not whole:
        return "key %d after the tokens again, %d" % (krn, after.krn)
    if name == "credit" and device.enter_token(digits[0]) == results.ACCEPT:
        return "the token is accepted twice"
    return ""


def live(week, actions, each, boots=0):
    """Live so many actions; return (cut points, cut points in starts, what was wrong).

    each: of Recorder.cuts(). boots: of one start in so many after a cut, the writes are cut too.
    """
    cuts, again, wrong = 0, 0, []
    week.memory.taken()
    for _ in range(actions):
        start, before = week.memory.snapshot(), week.state()
        name, digits = week.step()
        after, writes = week.state(), week.memory.taken()
        if not week.right(after):
            wrong.append("%s: not what the sums are" % name)
        for memory in week.memory.cuts(start, writes, each):
            cuts += 1
            found = []
            if boots and cuts % boots == 0:
                state = memory.snapshot()
                week.start(memory)
                for second in memory.cuts(state, memory.taken(), each):
                    again += 1
                    found.append(judge(second, week, before, after, name, digits, 1))
            found.append(judge(memory, week, before, after, name, digits, 1))
            wrong += ["%s: %s" % (name, one) for one in found if one]
    return cuts, again, wrong
