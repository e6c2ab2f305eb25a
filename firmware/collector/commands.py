"""What the collector does with a command from MQTT. No I/O of its own.

The same command again is answered with what is known and does nothing twice.
"""

from uplink import codec

from . import answers
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
            command = codec.command(payload)
            if command["forget"]:
                self._store.forget(command["ref"])
            else:
                self._enter(command["ref"], drn, command["token"])
        except codec.MessageError as error:
            self.refusals += 1
            self._outbox.answer(drn, answers.refused(error.ref, str(error)))

    def _enter(self, ref, drn, token):
        old = self._store.forgotten(ref)
        again = old is not None and old.drn == drn and not self._store.get(ref)
        if again and old.result < BUS_REFUSED:
            self._outbox.answer(drn, answers.acknowledgement(old))
            return
        if self._poller.meter(drn) is None:
            raise codec.MessageError(f"this collector has no meter {drn}", ref)
        try:
            job = self._store.add(ref, drn, token)
        except JobError as error:
            raise codec.MessageError(str(error), ref)
        job.say = True
        job.unsure = job.unsure or again  # it ended without a TokenResult and gets another chance
        self._poller.offer(job)
