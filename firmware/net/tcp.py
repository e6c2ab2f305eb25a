"""TCP sockets that never wait. No clock: the caller limits the time."""

import select

_EINPROGRESS = (115, 119)  # Linux; lwIP on ESP32
_REASONS = {101: "no way there", 111: "refused", 113: "no way there"}


class Attempt:
    """A connection that is being made. address: numeric. The constructor raises OSError."""

    def __init__(self, address, port):
        import socket  # a board without a network does not have it, and never gets here

        info = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM)[0]  # no look-up
        self._socket = socket.socket(info[0], info[1], info[2])
        try:
            self._socket.setblocking(False)
            try:
                self._socket.connect(info[-1])
            except OSError as error:
                if error.errno not in _EINPROGRESS:
                    raise
            self._poller = select.poll()
            self._poller.register(self._socket, select.POLLOUT)
        except BaseException:  # a socket is not left open
            self._socket.close()
            raise

    def result(self):
        """Return the connected non-blocking socket, None while there is no answer. OSError."""
        for ready in self._poller.poll(0):
            if ready[1] & ~select.POLLOUT:
                raise OSError("refused")
            return self._socket
        return None

    def close(self):
        """Give up."""
        self._socket.close()


def reason(error):
    """Return an OSError of a connection in words."""
    return _REASONS.get(error.errno) or str(error)


def listen(address, port, waiting):
    """Return a listening non-blocking socket. waiting: connections that wait for accept()."""
    import socket

    info = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM)[0]
    made = socket.socket(info[0], info[1], info[2])
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(info[-1])
        made.listen(waiting)
    except BaseException:
        made.close()
        raise
    return made
