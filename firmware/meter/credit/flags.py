"""The extended token set, index 63: flags that a token sets. They outlast a power failure."""

from sts_portable import results

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_FLAG_INDEX = const(63)
_DETECT_TAMPER = const(1)
_DISCONNECT = const(2)
_TAMPER_OPENS = const(3)
_LIMIT_OPENS = const(4)
_PREPAID = const(6)


class Flags:
    """A feature: see core.py. given: {flag: 0 or 1} of the flags that a token has set."""

    def __init__(self, meter):
        self._meter = meter
        self.given = {}
        self.records = ((12, 1, self._pack, self._unpack),)

    def _apply(self, flag):
        """Carry out a flag; return False for one that this meter does not have."""
        meter, on = self._meter, self.given.get(flag)
        if flag == _DETECT_TAMPER:
            meter.tamper.detecting = on
        elif flag == _TAMPER_OPENS:
            meter.tamper.all_open = on
        elif flag == _LIMIT_OPENS:
            meter.limiter.acts = on
        elif flag == _PREPAID:
            meter.account.prepaid = on
        else:
            return False
        return True

    def _token(self, token):
        if token.field("index") != _FLAG_INDEX:
            return results.FUNCTION_ERROR, ""
        flag, value = token.field("flag"), token.value
        if flag == _DISCONNECT:
            done = self._meter.supply.order(not value)
            return (results.ACCEPT, "Setting changed") if done else (results.FUNCTION_ERROR, "")
        before = dict(self.given)
        self.given[flag] = value
        if not self._apply(flag):
            self.given = before
            return results.FUNCTION_ERROR, ""
        return results.ACCEPT, "Setting changed"

    def _pack(self, buf, at):
        for flag in sorted(self.given):
            buf[at], buf[at + 1] = flag, self.given[flag]
            at += 2
        return 2 * len(self.given)

    def _unpack(self, data, _version):
        data = data or b""
        if len(data) % 2:
            raise ValueError("flags")
        self.given = {data[at]: data[at + 1] for at in range(0, len(data), 2)}
        for flag in (_DETECT_TAMPER, _TAMPER_OPENS, _LIMIT_OPENS, _PREPAID):
            self._apply(flag)

    TOKENS = {0x2A: _token}
