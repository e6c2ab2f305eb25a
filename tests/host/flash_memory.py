"""The ledger's memory in files on a LittleFS, whose flash records programs and erases."""

import os

from littlefs import LittleFS, LittleFSError, UserContext

from boards.common import files

BLOCK = 4096
_BLOCKS = 64
_PROG = 256
_NAME = "ledger.bin"
_SIZE = 8192


class Flash(UserContext):
    """A flash in RAM. list: its changes as (offset, bytes); an erase is all 0xff."""

    def __init__(self, content):
        super().__init__(0)
        self.buffer = bytearray(content)
        self.list = []

    def prog(self, cfg, block, off, data):
        self._change(block * cfg.block_size + off, bytes(data))
        return 0

    def erase(self, cfg, block):
        self._change(block * cfg.block_size, b"\xff" * cfg.block_size)
        return 0

    def _change(self, at, content):
        self.list.append((at, content))
        self.buffer[at : at + len(content)] = content


class FlashRecorder(files.Files):
    """As meter_week.Recorder, for files on a flash."""

    def __init__(self, content=None):
        super().__init__(_NAME, _SIZE)
        self.flash = Flash(content or b"\xff" * (BLOCK * _BLOCKS))
        self._fs = LittleFS(
            context=self.flash,
            block_size=BLOCK,
            block_count=_BLOCKS,
            prog_size=_PROG,
            read_size=32,
            cache_size=4 * _PROG,
            lookahead_size=32,
            mount=False,
        )
        if content is None:
            self._fs.format()
        self._fs.mount()

    def _each(self, offset, buf, act):
        # boards/common/files.py uses MicroPython's own open() and os: here those of this flash.
        files.open, files.os = self._fs.open, self
        try:
            super()._each(offset, buf, act)
        except LittleFSError as error:
            raise OSError(-error.code, str(error)) from None
        finally:
            del files.open
            files.os = os

    def stat(self, path):
        """Return what os.stat() does for files of this flash. Raise OSError if there is none."""
        try:
            return self._fs.stat(path)
        except LittleFSError as error:
            raise OSError(-error.code, path) from None

    def taken(self):
        """Return the list of changes since the last call."""
        found, self.flash.list = self.flash.list, []
        return found

    def snapshot(self):
        """Return what cuts() starts from."""
        return bytearray(self.flash.buffer)

    @staticmethod
    def cuts(start, changes, each):
        """Yield the memory after a cut in each program and erase: see meter_week.Recorder."""
        for at, content in changes:
            for count in [*range(0, len(content), each), len(content) - 1]:
                image = bytearray(start)
                image[at : at + count] = content[:count]
                yield FlashRecorder(image)
            start[at : at + len(content)] = content
        yield FlashRecorder(start)
