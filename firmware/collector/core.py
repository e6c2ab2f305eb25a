"""Everything of a collector that needs neither asyncio nor a clock, put together."""

from uplink.topics import Topics

from .commands import Commands
from .field.poller import Poller
from .jobs.folder import Folder
from .jobs.store import Store
from .options import OptionError, Options
from .outbox import Outbox


class Core:
    """The parts of one collector."""

    def __init__(self, options, files):
        """files: the job folder, flash.Folder or what behaves like one."""
        self.options = options
        self.names = Topics(options.tenant, options.id)
        self.store = Store(files, options.max_jobs)
        self.poller = Poller(options.meters, self.store, options.poll_ms)
        self.outbox = Outbox(self.names, self.store, self.poller.meters)
        self.commands = Commands(self.names, self.store, self.poller, self.outbox)

    def second(self, elapsed_ms):
        """What is done about once a second."""
        self.outbox.tick(elapsed_ms)
        self.store.save()

    def report(self):
        """What the collector says of itself over the service port."""
        meters = self.poller.meters
        return {
            "jobs": len(self.store),
            "polls": self.poller.polls,
            "timeouts": self.poller.timeouts,
            "refusals": self.commands.refusals,
            "meters": {meter.drn: bool(meter.online) for meter in meters},
            "faults": {meter.drn: meter.fault for meter in meters if meter.fault},
        }


def load(board):
    """The core of this board's collector. Raises OptionError."""
    options = Options(board.settings())
    try:
        return Core(options, Folder(board.data_dir))
    except OSError as error:
        raise OptionError(f"the job folder in {board.data_dir} cannot be used: {error}")
