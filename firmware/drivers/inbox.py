"""Bytes from a UART, collected without waiting and without allocating."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_CHUNK = const(16)


class Inbox:
    """`uart` has any() and readinto(buf, n). bytes[:length] are those received and not dropped."""

    def __init__(self, uart, size):
        """size: bytes that are kept; what arrives beyond them is lost."""
        self.bytes = bytearray(size)
        self.length = 0
        self._uart = uart
        self._chunk = bytearray(_CHUNK)

    def receive(self):
        """Take what has arrived until now; return the number of bytes."""
        uart = self._uart
        chunk = self._chunk
        total = 0
        waiting = uart.any()
        while waiting > 0:
            count = uart.readinto(chunk, min(waiting, _CHUNK))
            if not count:
                break
            for i in range(count):
                if self.length < len(self.bytes):
                    self.bytes[self.length] = chunk[i]
                    self.length += 1
            waiting -= count
            total += count
        return total

    def drop(self, count):
        """Forget the first `count` bytes."""
        buf = self.bytes
        left = self.length - count
        for i in range(left):
            buf[i] = buf[i + count]
        self.length = left

    def clear(self):
        """Forget all that has arrived until now."""
        self.receive()
        self.length = 0
