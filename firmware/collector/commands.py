"""What the collector does with a command from MQTT. No I/O of its own.

The same command again is answered with what is known and does nothing twice.
"""

from . import topics
from .jobs.store import BUS_REFUSED, JobError


class Commands:
    """Takes messages; every one that is a command is answered through the outbox."""

    def __init__(self, names, store, poller, outbox):
        self._names = names
        self._store = store
        self._poller = poller
        self._outbox = outbox
        self.refusals = 0

    def take(self, topic, payload, retained):
        """A message arrived. When this returns, its job is on flash or refused.

        A retained command is passed over: the broker would give it again at each connection.
        payload: bytes, None if it was too long to be kept.
        """
        drn = self._names.command_drn(topic)
        if drn is None or retained:
            return
        try:
            job_id, token = topics.parse_command(payload)
            if token is None:
                self._store.forget(job_id)
            else:
                self._enter(job_id, drn, token)
        except topics.CommandError as error:
            self.refusals += 1
            self._outbox.answer(drn, topics.refused(error.job_id, str(error)))

    def _enter(self, job_id, drn, token):
        old = self._store.forgotten(job_id)
        again = old is not None and old.drn == drn and not self._store.get(job_id)
        if again and old.result < BUS_REFUSED:
            self._outbox.answer(drn, topics.acknowledgement(old))
            return
        if self._poller.meter(drn) is None:
            raise topics.CommandError(f"this collector has no meter {drn}", job_id)
        try:
            job = self._store.add(job_id, drn, token)
        except JobError as error:
            raise topics.CommandError(str(error), job_id)
        job.say = True
        job.unsure = job.unsure or again  # it ended without a TokenResult and gets another chance
        self._poller.offer(job)
