"""Everything of a collector that needs neither asyncio nor a clock, put together."""

from uplink.topics import Topics

from .commands import Commands
from .field.poller import Poller
from .jobs.folder import Folder
from .jobs.store import Store
from .options import OptionError, Options
from .outbox import Outbox

_EXPIRY_MS = 60000


class Core:
    """The parts of one collector."""

    def __init__(self, options, files, instance=0):
        """files: jobs.folder.Folder or the like. instance: number of this run, u32."""
        self.options = options
        self.instance = instance
        self.names = Topics(options.tenant, options.id)
        self.store = Store(files, options.max_jobs, options.max_jobs_per_meter, options.job_days)
        self.poller = Poller(options.meters, self.store, options.poll_ms)
        self.outbox = Outbox(self.names, self.store, self.poller.meters)
        self._since_ms = _EXPIRY_MS  # since expired jobs were looked for
        self.commands = Commands(self.names, self.store, self.poller, self.outbox)

    def second(self, elapsed_ms, now=None):
        """Do what is due about once a second. now: UTC seconds or None."""
        self.outbox.tick(elapsed_ms)
        self.store.save()
        self._since_ms += elapsed_ms
        if now is not None and self._since_ms >= _EXPIRY_MS:
            self._since_ms = 0
            for job in self.store.expire(now, self.poller.delivering):
                self.poller.ended(job)

    def report(self):
        """Return the values of the periodic report on the service port."""
        meters = self.poller.meters
        return {
            "jobs": len(self.store),
            "newer_jobs": len(self.store.newer),
            "polls": self.poller.polls,
            "timeouts": self.poller.timeouts,
            "refusals": self.commands.refusals,
            "meters": {meter.drn: bool(meter.online) for meter in meters},
            "faults": {meter.drn: meter.fault for meter in meters if meter.fault},
        }


def load(board, instance=0):
    """Return the core of this board's collector. Raise OptionError."""
    options = Options(board.settings())
    try:
        return Core(options, Folder(board.data_dir), instance)
    except OSError as error:
        raise OptionError(f"the job folder in {board.data_dir} cannot be used: {error}")
