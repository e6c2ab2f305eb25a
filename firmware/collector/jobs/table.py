"""The jobs in memory: one table of arrays, made at the start.

Long-lived objects that come and go one by one would leave a small heap in pieces.
"""

from array import array
from binascii import hexlify, unhexlify

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# States. FREE and FORGOTTEN rows may be taken for a new job.
FREE = const(0)
STORED = const(1)
DONE = const(2)
FORGOTTEN = const(3)

_UNSENT = const(1)  # flags
_UNSURE = const(2)
_UNSAVED = const(4)
_PUBLISHED = const(8)
_UNREAD = const(16)
_PROVED = const(32)
_DOUBTED = const(64)
_ORDER = const(128)

_REMEMBERED = const(16)  # rows of jobs forgotten last: a late command finds its answer
_TOKEN = const(10)  # bytes of a token, two digits each; of an order its last ones
_PROOF = const(16)  # bytes of a proof
_PART = const(16)  # rows


class Job:
    """One row of the table: a token or an order on its way to a meter. Made when needed."""

    def __init__(self, table, row):
        self._table = table
        self.row = row

    @property
    def ref(self):
        """1..2^32-1, the token_ref on the bus."""
        return self._table.high[self.row] << 16 | self._table.low[self.row]

    @property
    def drn(self):
        return self._table.drns[self._table.meter[self.row]]

    @property
    def token(self):
        """20 digits, those that an order ends with, "" if they could not be read."""
        if self._table.flags[self.row] & _UNREAD:
            return ""
        at = _TOKEN * self.row
        return str(hexlify(self._table.tokens[at : at + _TOKEN]), "ascii")

    @property
    def ordered(self):
        """It is an order, which is in its file only: jobs.store has it."""
        return bool(self._table.flags[self.row] & _ORDER)

    @property
    def state(self):
        """STORED, DONE, FORGOTTEN."""
        return self._table.state[self.row]

    @property
    def number(self):
        """Order of arrival of a stored job, order of forgetting of a forgotten one."""
        return self._table.number[self.row]

    @property
    def result(self):
        """Its TokenResult or a code of jobs.store. Only when the job is done."""
        return self._table.result[self.row]

    @property
    def proof(self):
        """The registers from PROOF_START of meterbus.registers, bytes; None if the meter gave
        none. Only when the job is done."""
        return self._table.proof(self.row, _PROVED)

    @property
    def doubted(self):
        """The proof that the station does not believe, None if there is none. Only when the job is
        stored."""
        return self._table.proof(self.row, _DOUBTED)

    def trust(self):
        """Forget the proof that the station does not believe."""
        self._flag(_DOUBTED, False)

    @property
    def at(self):
        """UTC seconds of the result, None unknown."""
        return self._table.at[self.row] or None

    @property
    def expires(self):
        """UTC seconds after which a stored job is not entered any more, 0 not known yet."""
        return self._table.expires[self.row]

    @expires.setter
    def expires(self, value):
        self._table.expires[self.row] = value

    def _flag(self, flag, value):
        flags = self._table.flags
        flags[self.row] = flags[self.row] | flag if value else flags[self.row] & ~flag

    @property
    def unsent(self):
        """A message to the station about it is due."""
        return bool(self._table.flags[self.row] & _UNSENT)

    @unsent.setter
    def unsent(self, value):
        self._flag(_UNSENT, value)

    @property
    def unsure(self):
        """The meter may have the token already: read the result before writing."""
        return bool(self._table.flags[self.row] & _UNSURE)

    @unsure.setter
    def unsure(self, value):
        self._flag(_UNSURE, value)

    @property
    def unsaved(self):
        """Done, but not on flash yet."""
        return bool(self._table.flags[self.row] & _UNSAVED)

    @unsaved.setter
    def unsaved(self, value):
        self._flag(_UNSAVED, value)

    @property
    def published(self):
        """The broker has acknowledged a message with its result."""
        return bool(self._table.flags[self.row] & _PUBLISHED)

    @published.setter
    def published(self, value):
        self._flag(_PUBLISHED, value)


class Table:
    """Rows for `limit` jobs, and for the last that were forgotten."""

    def __init__(self, limit):
        self.limit = limit
        self.used = 0  # rows STORED or DONE
        self._last = 0  # number given last
        self.drns = []  # `meter` counts in it
        rows = limit + _REMEMBERED
        self.state = bytearray(rows)
        self.flags = bytearray(rows)
        self.tokens = bytearray(_TOKEN * rows)
        # A part for 16 rows each, made when its first proof comes: few jobs are done at a time.
        self._proofs = [None] * (rows // _PART + 1)
        # The id in halves, because whole ones above 2^30 are heap objects on a 32-bit board.
        self.high, self.low, self.meter, self.result = [
            array("H", bytes(2 * rows)) for _ in range(4)
        ]
        self.number, self.at, self.expires = [array("I", bytes(4 * rows)) for _ in range(3)]

    def __len__(self):
        """Return the number of jobs that are not forgotten."""
        return self.used

    def next_number(self):
        """Return the number of the next job to be put."""
        return self._last + 1

    def put(self, ref, drn, token, number, expires=0):
        """Return a new row, STORED. There must be room. token: 20 digits, or an order in
        hexadecimal; None if it is not known."""
        row = self._free_row()
        if drn not in self.drns:
            self.drns.append(drn)
        self.high[row], self.low[row] = ref >> 16, ref & 0xFFFF
        self.meter[row] = self.drns.index(drn)
        self.state[row] = STORED
        self.flags[row] = (_ORDER if len(token) > 2 * _TOKEN else 0) if token else _UNREAD
        self.at[row] = 0
        self.expires[row] = expires
        if token:
            self.tokens[_TOKEN * row : _TOKEN * row + _TOKEN] = unhexlify(token[-2 * _TOKEN :])
        self.number[row] = number
        self._last = max(self._last, number)
        self.used += 1
        return Job(self, row)

    def _free_row(self):
        """Return a free row, or else the one that was forgotten first."""
        found = -1
        for row in range(len(self.state)):
            if self.state[row] == FREE:
                return row
            older = found < 0 or self.number[row] < self.number[found]
            if self.state[row] == FORGOTTEN and older:
                found = row
        return found

    def end(self, job, result, at, proof=None):
        """Set a job to DONE. proof: bytes, None if there is none."""
        self.state[job.row] = DONE
        self.flags[job.row] &= ~(_PUBLISHED | _PROVED | _DOUBTED)
        self.result[job.row] = result
        self.at[job.row] = at or 0
        if proof:
            part, at = job.row // _PART, _PROOF * (job.row % _PART)
            if self._proofs[part] is None:
                self._proofs[part] = bytearray(_PART * _PROOF)
            self._proofs[part][at : at + _PROOF] = proof
            self.flags[job.row] |= _PROVED

    def resume(self, job):
        """Set a job that is DONE to STORED. Its proof is doubted."""
        proved = self.flags[job.row] & _PROVED
        self.state[job.row] = STORED
        self.flags[job.row] &= ~(_PUBLISHED | _PROVED)
        self.flags[job.row] |= _DOUBTED if proved else 0
        self.at[job.row] = 0

    def proof(self, row, flag):
        """Return the proof of a row that has this flag, else None."""
        if not self.flags[row] & flag:
            return None
        at = _PROOF * (row % _PART)
        return bytes(self._proofs[row // _PART][at : at + _PROOF])

    def drop(self, job):
        """Set a job to FORGOTTEN."""
        self._last += 1
        self.number[job.row] = self._last
        self.state[job.row] = FORGOTTEN
        self.flags[job.row] &= _UNREAD | _PROVED | _ORDER
        self.used -= 1

    def _find(self, ref, states):
        high, low = ref >> 16, ref & 0xFFFF
        for row in range(len(self.state)):
            if self.low[row] == low and self.high[row] == high and self.state[row] in states:
                return Job(self, row)
        return None

    def get(self, ref):
        """Return the job, STORED or DONE, or None."""
        return self._find(ref, (STORED, DONE))

    def forgotten(self, ref):
        """Return one of the jobs forgotten last, or None."""
        return self._find(ref, (FORGOTTEN,))

    def first(self, drn):
        """Return the stored job for this meter that came first, or None."""
        if drn not in self.drns:
            return None
        meter = self.drns.index(drn)
        found = -1
        for row in range(len(self.state)):
            if self.state[row] == STORED and self.meter[row] == meter:
                if found < 0 or self.number[row] < self.number[found]:
                    found = row
        return Job(self, found) if found >= 0 else None

    def _flagged(self, flag):
        """Return a job with this flag, or None."""
        for row in range(len(self.state)):
            if self.flags[row] & flag:
                return Job(self, row)
        return None

    def first_unsent(self):
        """Return a job with a message due, or None."""
        return self._flagged(_UNSENT)

    def to_save(self):
        """Return a job whose result is not on flash yet, or None."""
        return self._flagged(_UNSAVED)

    def resend_results(self):
        """Make a message due for every result."""
        for row in range(len(self.state)):
            if self.state[row] == DONE:
                self.flags[row] |= _UNSENT

    def rows(self, state):
        """Return the jobs in a state, one at a time."""
        for row in range(len(self.state)):
            if self.state[row] == state:
                yield Job(self, row)

    def waiting(self, drn):
        """Return how many jobs are stored for this meter."""
        if drn not in self.drns:
            return 0
        meter = self.drns.index(drn)
        count = 0
        for row in range(len(self.state)):
            count += self.state[row] == STORED and self.meter[row] == meter
        return count

    def oldest_published(self):
        """Return the job that came first of those whose result the broker has, or None."""
        found = -1
        for row in range(len(self.state)):
            if self.state[row] == DONE and self.flags[row] & _PUBLISHED:
                if found < 0 or self.number[row] < self.number[found]:
                    found = row
        return Job(self, found) if found >= 0 else None
