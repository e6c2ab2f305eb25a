"""A pseudo terminal as a UART. MicroPython's unix port on Linux only."""

import termios

import ffi

_F_SETFL = 4
_O_RDWR_NONBLOCK = 0o4002


class PtyUart:
    """Raw and non-blocking: without the latter read(n) would wait for n bytes."""

    def __init__(self, path):
        self.file = open(path, "r+b", 0)  # for StreamReader and poll
        termios.setraw(self.file.fileno())
        fcntl = ffi.open(None).func("i", "fcntl", "iii")
        if fcntl(self.file.fileno(), _F_SETFL, _O_RDWR_NONBLOCK) != 0:
            raise OSError("cannot make %s non-blocking" % path)

    def read(self, size):
        return self.file.read(size)

    def write(self, data):
        """Hand over the bytes. What a full line does not take is lost, as on a wire."""
        self.file.write(data)

    def txdone(self):
        """The pacing of the bytes is the bus's business; here they are gone at once."""
        return True


def private_files():
    """What the board writes from now on is readable by its owner only."""
    ffi.open(None).func("i", "umask", "i")(0o077)


def end_process(status):
    """The process ends here and now; nothing is tidied up."""
    ffi.open(None).func("v", "_exit", "i")(status)
