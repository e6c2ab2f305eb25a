"""What the collector does with a command from MQTT. No I/O of its own.

The same command again is answered with what is known and does nothing twice.
"""

from uplink import codec

from . import answers
from .jobs.store import JobError
from .jobs.table import DONE, FORGOTTEN


class Commands:
    """Takes messages; every one that is a command is answered through the outbox."""

    def __init__(self, names, store, poller, outbox):
        self._names = names
        self._store = store
        self._poller = poller
        self._outbox = outbox
        self.refusals = 0

    def take(self, topic, payload, retained, now=None):
        """Take a message. When this returns, its job is on flash or refused.

        A retained command is ignored: the broker would deliver it again at each connection.
        payload: bytes, None if it was too long to be kept. now: UTC seconds or None.
        """
        drn = self._names.command_drn(topic)
        if drn is None or retained:
            return
        try:
            command = codec.command(payload)
            if command["forget"]:
                self._forget(command["ref"], drn)
            else:
                self._enter(command, drn, now)
        except codec.MessageError as error:
            self.refusals += 1
            self._outbox.answer(drn, answers.refused(error.ref, str(error)))

    def _forget(self, ref, drn):
        if self._store.get(ref) is None:
            self._outbox.answer(drn, answers.unknown(ref))
        else:
            self._store.forget(ref)

    def echo(self, payload, retained):
        """Answer the station's question whether messages reach the collector."""
        if retained:
            return
        try:
            self._outbox.echo(codec.nonce(payload))
        except codec.MessageError:
            self.refusals += 1

    def _enter(self, command, drn, now):
        ref, token = command["ref"], command["token"] or command["order"]
        try:
            job = self._store.recall(ref, drn, token)
            if job and command["again"]:
                job = self._ask_again(job)
            if job and job.state == FORGOTTEN:
                self._outbox.answer(drn, answers.acknowledgement(job))
                return
            if job is None and self._poller.meter(drn) is None:
                raise JobError(f"this collector has no meter {drn}")
            again = job is None and self._store.forgotten(ref) is not None
            job = job or self._store.add(ref, drn, token, command["expires"], now)
        except JobError as error:
            raise codec.MessageError(str(error), ref)
        job.unsent = True
        job.unsure = job.unsure or again  # it ended without a TokenResult and gets another chance
        self._poller.offer(job)

    def _ask_again(self, job):
        """Return a job whose result the station does not believe, STORED; None if it is forgotten
        and is to be made anew."""
        if job.state == DONE:
            self._store.reopen(job)
        return None if job.state == FORGOTTEN else job
