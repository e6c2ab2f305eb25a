"""Token jobs on flash: stored -> done -> forgotten. No job that was acknowledged is lost.

One small file a job; its name carries the state, so each change of state is one atomic operation:

| operation | state after it |
|---|---|
| write `<id>-<drn>.new`, then rename to `.job` | stored |
| rename to `<id>-<drn>-<result>-<time>.end` | done; the name alone is enough |
| remove | forgotten |

A power cut leaves the state before or the state after. A `.new` file was never acknowledged and
is removed at the next start. A `.job` file whose content is damaged becomes a done job with the
result DAMAGED: its id and meter are still known from the name, so the station is told.
"""

from . import names
from .table import DONE, STORED, Table

# Results that are not a TokenResult of a meter.
DAMAGED = 0xFFFF  # the job file was not readable any more
BUS_REFUSED = 0x8000  # | the Modbus exception code with which the meter refuses the entry

_ENOSPC = 28


class JobError(Exception):
    """The job cannot be taken; the text says why."""


class Store(Table):
    """All jobs, in memory and on flash. `files` is a `flash.Folder` or what behaves like one."""

    def __init__(self, files, limit=200):
        super().__init__(limit)
        self._files = files
        for name in files.names():
            if name.endswith("." + names.NEW):
                self._try(files.remove, name)
            else:
                self._load(name)

    def _load(self, name):
        found = names.parse_name(name)
        # More files than rows: the limit was lowered. They wait for the start after next.
        if found is None or self.used == self.limit or self.get(found[0]):
            return
        job_id, drn, result, at = found
        if result is not None:
            self.end(self.put(job_id, drn, None, 0), result, at)
            return
        try:
            number, token = names.parse_content(self._files.read(name), job_id, drn)
        except (OSError, ValueError):
            self.finish(self.put(job_id, drn, None, 0), DAMAGED, None)
            return
        self.put(job_id, drn, token, number).unsure = True

    def _try(self, operation, *names):
        try:
            operation(*names)
            return True
        except OSError:
            return False

    def add(self, job_id, drn, token):
        """Store a job; the same one again changes nothing. It is on flash when this returns.

        Raises JobError: the id belongs to another token, too many jobs, or the flash is full.
        """
        job = self.get(job_id)
        if job:
            if job.drn != drn or (job.state == STORED and job.token != token):
                raise JobError("this id is already used for another token")
            return job
        if self.used >= self.limit:
            raise JobError(f"the collector already holds {self.limit} jobs")
        number = self.next_number()
        new = names.name(job_id, drn, names.NEW)
        try:
            self._files.write(new, names.content(number, token, job_id, drn))
            self._files.rename(new, names.name(job_id, drn, names.JOB))
        except OSError as error:
            self._try(self._files.remove, new)
            full = error.errno == _ENOSPC
            raise JobError("storage full" if full else f"storage error {error.errno}")
        return self.put(job_id, drn, token, number)

    def finish(self, job, result, at):
        """The job is done. `at`: UTC seconds or None.

        If the flash does not take it, it counts all the same and `save` tries again; after a
        restart before that, the meter is asked for the result once more.
        """
        self.end(job, result, at)
        job.say = True
        self._save(job)

    def _save(self, job):
        stored = names.name(job.id, job.drn, names.JOB)
        job.unsaved = not self._try(self._files.rename, stored, self._done_name(job))

    def _done_name(self, job):
        return names.end_name(job.id, job.drn, job.result, job.at or 0)

    def save(self):
        """Try again to save results that could not be saved. True if none is left."""
        job = self.to_save()
        while job:
            self._save(job)
            if job.unsaved:
                return False
            job = self.to_save()
        return True

    def forget(self, job_id):
        """The station has the result. False if there is nothing to forget or it cannot be yet."""
        job = self.get(job_id)
        if job is None or job.state != DONE:
            return False
        stored = names.name(job_id, job.drn, names.JOB)
        if not self._try(self._files.remove, stored if job.unsaved else self._done_name(job)):
            return False
        self.drop(job)
        return True
