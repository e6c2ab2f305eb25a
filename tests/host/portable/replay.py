"""A bus on which recorded traffic is played back: a driver must repeat the recorded calls.

A recording is a list of entries, in order:
    ("writeto", address, bytes)                 what the driver sends
    ("writeto_mem", address, offset, bytes)     what it writes to a memory
    ("readfrom_mem", address, offset, bytes)    what the memory answers
    ("missing", address)                        nobody answers: OSError
`Recorder` writes the same entries down from a real bus.
"""

_NO_ANSWER = 5  # EIO


class Replay:
    """A stand-in for machine.I2C. Raise AssertionError when the driver deviates from the
    recording."""

    def __init__(self, recording):
        self._left = list(recording)

    def done(self):
        """Return True if all of the recording was played."""
        return not self._left

    def writeto(self, address, data):
        self._next("writeto", address)
        self._same(bytes(data))

    def writeto_mem(self, address, offset, buf, addrsize=8):
        self._next("writeto_mem", address)
        assert addrsize == 16, "addrsize %d" % addrsize
        self._same(offset)
        self._same(bytes(buf))

    def readfrom_mem_into(self, address, offset, buf, addrsize=8):
        self._next("readfrom_mem", address)
        assert addrsize == 16, "addrsize %d" % addrsize
        self._same(offset)
        answer = self._rest.pop(0)
        assert len(answer) == len(buf), "%d bytes asked, %d recorded" % (len(buf), len(answer))
        buf[:] = answer

    def _next(self, name, address):
        assert self._left, name + " after the end of the recording"
        entry = self._left.pop(0)
        if entry == ("missing", address):
            raise OSError(_NO_ANSWER)
        assert entry[:2] == (name, address), "%s %02x, recorded %r" % (name, address, entry)
        self._rest = list(entry[2:])

    def _same(self, value):
        wanted = self._rest.pop(0)
        assert value == wanted, "%r, recorded %r" % (value, wanted)


class Recorder:
    """A real bus whose traffic is recorded in `recording`."""

    def __init__(self, i2c):
        self._i2c = i2c
        self.recording = []

    def writeto(self, address, data):
        self._done("writeto", address, (bytes(data),), lambda: self._i2c.writeto(address, data))

    def writeto_mem(self, address, offset, buf, addrsize=8):
        def act():
            self._i2c.writeto_mem(address, offset, buf, addrsize=addrsize)

        self._done("writeto_mem", address, (offset, bytes(buf)), act)

    def readfrom_mem_into(self, address, offset, buf, addrsize=8):
        def act():
            self._i2c.readfrom_mem_into(address, offset, buf, addrsize=addrsize)

        self._done("readfrom_mem", address, None, act)
        self.recording[-1] += (offset, bytes(buf))

    def _done(self, name, address, rest, act):
        try:
            act()
        except OSError:
            self.recording.append(("missing", address))
            raise
        self.recording.append((name, address) + (rest or ()))
