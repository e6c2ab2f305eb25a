"""Jobs on flash, a token or an order each: stored -> done -> forgotten.

No job that was acknowledged is lost.

One small file a job; its name carries the state, so each change of state is one atomic operation:

| operation | state after it |
|---|---|
| write `<ref>-<drn>.new`, then rename to `.job` | stored |
| rename to `<ref>-<drn>-<result>-<time>-<proof>.end` | done; the name alone is enough |
| rename back to `.job` | stored: the station has doubts, the meter is asked again |
| remove | forgotten |

A power cut leaves the state before or the state after. A `.new` file was never acknowledged and
is removed at the next start. A `.job` file whose record is damaged becomes a done job with the
result DAMAGED: its ref and meter are still known from the name, and the result is reported. A file
of a newer firmware is left alone, and its ref is refused.

No client can fill the store permanently: a job that is not delivered expires, and the oldest
results that the broker has had, but that no station claims, make room for new jobs.
"""

from binascii import unhexlify

from . import names
from .table import DONE, FORGOTTEN, STORED, Table

# Results that are not a TokenResult of a meter.
DAMAGED = 0xFFFF  # the job file was not readable any more
EXPIRED = 0xFFFE  # the meter did not take the token in time
NO_RESULT = 0xFFFD  # the meter gives a result that does not exist
BUS_REFUSED = 0x8000  # | the Modbus exception code with which the meter refuses the entry

_ENOSPC = 28
_DAY_S = 86400
_U32 = 0xFFFFFFFF


class JobError(Exception):
    """The job cannot be taken. The text names the reason."""


class Store(Table):
    """All jobs, in memory and on flash. `files` is a `folder.Folder` or what behaves like one."""

    def __init__(self, files, limit=200, meter_limit=200, days=30):
        """limit: jobs at all; meter_limit: of one meter; days: until a job expires."""
        super().__init__(limit)
        self._files = files
        self._meter_limit = meter_limit
        self._seconds = days * _DAY_S
        self.newer = []  # refs of the files that only a newer firmware can read
        for name in files.names():
            if name.endswith("." + names.NEW):
                self._try(files.remove, name)
            else:
                self._load(name)

    def _load(self, name):
        found = names.parse_name(name)
        if found is None or self.get(found[0]):
            return
        ref, drn, result, at, proof = found
        token, number, expires = None, 0, 0
        try:
            number, token, expires = names.parse_record(self._files.read(name), ref, drn)
        except names.NewerRecord:
            self.newer.append(ref)
            return
        except (OSError, ValueError):
            pass
        # More files than rows: the limit was lowered. They wait for the start after next.
        if self.used == self.limit:
            return
        job = self.put(ref, drn, token, number, expires)
        if result is not None:
            self.end(job, result, at, proof)
        elif token is None:
            self.finish(job, DAMAGED, None)
        else:
            job.unsure = True

    def _try(self, operation, *names):
        try:
            operation(*names)
            return True
        except OSError:
            return False

    def recall(self, ref, drn, token):
        """Return the job that this command has made before, or None. token: 20 digits, or an
        order in hexadecimal.

        It is STORED, DONE, or FORGOTTEN with the TokenResult that it had. Raise JobError if the
        ref belongs to another token or order.
        """
        job = self.get(ref) or self.forgotten(ref)
        if job is None:
            if ref in self.newer:
                raise JobError("a newer firmware has stored a job with this ref")
            return None
        same = job.token == token[-20:] and job.ordered == names.is_order(token)
        if job.drn != drn or not same:
            what = "order" if names.is_order(token) else "token"
            raise JobError(f"this ref is already used for another {what}")
        return None if job.state == FORGOTTEN and job.result >= BUS_REFUSED else job

    def add(self, ref, drn, token, expires=None, now=None):
        """Store a job; the same one again changes nothing. It is on flash when this returns.

        expires, now: UTC seconds or None. Raise JobError: the ref belongs to another token, it
        has expired, too many jobs, or the flash is full.
        """
        job = self.recall(ref, drn, token)
        if job and job.state != FORGOTTEN:
            return job
        if expires and now and expires <= now:
            raise JobError("the command has expired")
        if self.waiting(drn) >= self._meter_limit:
            raise JobError(f"{self._meter_limit} jobs already wait for this meter")
        if self.used >= self.limit and not self._make_room():
            raise JobError(f"the collector already holds {self.limit} jobs")
        expires = min(expires or (now + self._seconds if now else 0), _U32)
        number = self.next_number()
        self._write(number, token, ref, drn, expires)
        return self.put(ref, drn, token, number, expires)

    def _write(self, number, token, ref, drn, expires):
        new = names.name(ref, drn, names.NEW)
        try:
            self._files.write(new, names.record(number, token, ref, drn, expires))
            self._files.rename(new, names.name(ref, drn, names.JOB))
        except OSError as error:
            self._try(self._files.remove, new)
            full = error.errno == _ENOSPC
            raise JobError("storage full" if full else f"storage error {error.errno}")

    def _make_room(self):
        """Forget the oldest result that nobody claims; return True if there was one."""
        job = self.oldest_published()
        return job is not None and self.forget(job.ref)

    def expire(self, now, delivering):
        """End what was not delivered or claimed in time; return the jobs that ended.

        now: UTC seconds. delivering(job): True while its meter has or gets its token.
        """
        ended = []
        for job in self.rows(STORED):
            if not job.expires:
                self._date(job, now)
            elif job.expires <= now and not delivering(job):
                self.finish(job, EXPIRED, now)
                ended.append(job)
        for job in self.rows(DONE):
            if job.published and job.at and job.at + self._seconds <= now:
                self.forget(job.ref)
        return ended

    def _date(self, job, now):
        """Give a job that came before the time was known its end."""
        job.expires = min(now + self._seconds, _U32)
        try:
            token = self._token_of(job)
            self._write(job.number, token, job.ref, job.drn, job.expires)
        except (JobError, OSError, ValueError):
            pass  # it is dated anew at the next start

    def _token_of(self, job):
        """Return the token or order of a stored job as its file has it. Raise OSError, ValueError,
        or NewerRecord."""
        if not job.ordered:
            return job.token
        data = self._files.read(names.name(job.ref, job.drn, names.JOB))
        return names.parse_record(data, job.ref, job.drn)[1]

    def order(self, job):
        """Return the bytes of a stored order, None if its file cannot be read any more."""
        try:
            return unhexlify(self._token_of(job))
        except (OSError, ValueError, names.NewerRecord):
            return None

    def finish(self, job, result, at, proof=None):
        """Record the result of a job. `at`: UTC seconds or None. proof: see jobs.table.Job.

        If the file cannot be renamed, the result is kept in memory and `save` tries again; after a
        restart before that, the meter is asked for the result again.
        """
        self.end(job, result, min(at or 0, _U32), proof)
        job.unsent = True
        self._save(job)

    def _save(self, job):
        stored = names.name(job.ref, job.drn, names.JOB)
        job.unsaved = not self._try(self._files.rename, stored, self._done_name(job))

    def _done_name(self, job):
        return names.end_name(job.ref, job.drn, job.result, job.at or 0, job.proof)

    def reopen(self, job):
        """Make a job that is done a stored one: its meter is asked again. Raise JobError."""
        stored = names.name(job.ref, job.drn, names.JOB)
        if not job.unsaved and not self._try(self._files.rename, self._done_name(job), stored):
            raise JobError("the job's file cannot be renamed")
        job.unsaved = False
        job.unsure = True
        self.resume(job)

    def save(self):
        """Try again to save results that could not be saved; return True if none is left."""
        job = self.to_save()
        while job:
            self._save(job)
            if job.unsaved:
                return False
            job = self.to_save()
        return True

    def forget(self, ref):
        """Remove a job that is done. Return False if it is not done or cannot be removed."""
        job = self.get(ref)
        if job is None or job.state != DONE:
            return False
        stored = names.name(ref, job.drn, names.JOB)
        if not self._try(self._files.remove, stored if job.unsaved else self._done_name(job)):
            return False
        self.drop(job)
        return True
