"""A pseudo terminal as a UART, for MicroPython's unix port on Linux."""

import termios

import ffi

_F_SETFL = 4
_O_RDWR_NONBLOCK = 0o4002


class PtyUart:
    """A raw, non-blocking pty. In blocking mode read(n) would wait for n bytes."""

    def __init__(self, path):
        self.file = open(path, "r+b", 0)  # for StreamReader and poll
        termios.setraw(self.file.fileno())
        fcntl = ffi.open(None).func("i", "fcntl", "iii")
        if fcntl(self.file.fileno(), _F_SETFL, _O_RDWR_NONBLOCK) != 0:
            raise OSError("cannot make %s non-blocking" % path)

    def read(self, size):
        return self.file.read(size)

    def write(self, data):
        """Write the bytes. Bytes beyond the capacity of a full pty are lost, as on a wire."""
        self.file.write(data)

    def txdone(self):
        """Return True: bytes leave immediately; the timing of the line is simulated by the bus."""
        return True


def private_files():
    """Make files that the board creates from now on readable by their owner only."""
    ffi.open(None).func("i", "umask", "i")(0o077)


def end_process(status):
    """End the process immediately, without cleaning up."""
    ffi.open(None).func("v", "_exit", "i")(status)
