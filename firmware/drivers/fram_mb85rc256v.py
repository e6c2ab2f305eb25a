"""MB85RC256V, 32 KB of FRAM on I2C: no erase, no write delay, 10^12 write cycles.

Fujitsu's data sheet DS501-00017: address 1010 A2 A1 A0, two address bytes, no page limit, no busy
time. Each byte is stored when its acknowledge bit has been clocked, so after a power failure the
bytes up to that point are new and the following ones old.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ADDRESS = const(0x50)  # A0, A1 and A2 to ground
SIZE = const(32768)
_ADDRESS_BITS = const(16)
_PROBE = const(SIZE - 1)  # the last byte is reserved for the driver


class Fram:
    """A store as described in boards/README.md. `i2c` has readfrom_mem_into and writeto_mem.

    size: bytes for the caller; the last byte of the chip is reserved for `writable`.
    """

    def __init__(self, i2c, address=ADDRESS):
        self._i2c = i2c
        self._address = address
        self._byte = bytearray(1)
        self.size = _PROBE

    def read(self, offset, buf):
        """Fill `buf` from `offset`. Raise OSError without an answer, ValueError out of range."""
        self._check(offset, buf)
        self._i2c.readfrom_mem_into(self._address, offset, buf, addrsize=_ADDRESS_BITS)

    def write(self, offset, buf):
        """Store `buf` at `offset`. Raise OSError without an answer, ValueError out of range."""
        self._check(offset, buf)
        self._i2c.writeto_mem(self._address, offset, buf, addrsize=_ADDRESS_BITS)

    def present(self):
        """Return whether a chip answers."""
        try:
            self._probe()
        except OSError:
            return False
        return True

    def writable(self):
        """Return whether a byte changes when it is written: not so with the WP pin high."""
        try:
            wanted = self._probe() ^ 0xFF
            self._byte[0] = wanted
            self._i2c.writeto_mem(self._address, _PROBE, self._byte, addrsize=_ADDRESS_BITS)
            return self._probe() == wanted
        except OSError:
            return False

    def _probe(self):
        self._i2c.readfrom_mem_into(self._address, _PROBE, self._byte, addrsize=_ADDRESS_BITS)
        return self._byte[0]

    def _check(self, offset, buf):
        if offset < 0 or offset + len(buf) > self.size:
            raise ValueError("outside the FRAM")
