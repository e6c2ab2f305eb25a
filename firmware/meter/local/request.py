"""An HTTP request without I/O: bytes in, the few parts that matter out, in a bounded memory.

Enough of RFC 9112 for a browser's GET and POST of a form. Everything else is refused with the
status that fits; the connection is closed after each answer.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_LINE = const(256)
_HEAD = const(8192)  # bytes of all headers
_BODY = const(128)
_FORM = b"application/x-www-form-urlencoded"
# Headers that are kept. Each at most once: two that differ would be read differently elsewhere.
_WANTED = (b"host", b"origin", b"content-length", b"content-type")
_REFUSED = {b"transfer-encoding": 501, b"expect": 417}


class Request:
    """A request. done: it is complete, or refused with `status`, which is 0 for a good one.

    method, path, query, host, origin, body: bytes; b"" for what is not there.
    """

    def __init__(self):
        self.done = False
        self.status = 0
        self.method = self.path = self.query = self.body = b""
        self._line = b""
        self._long = False  # the line is longer than what is kept of it
        self._total = 0
        self._left = -1  # bytes of the body that are missing, -1 in the headers
        self._headers = {}

    @property
    def host(self):
        """The host that the client called."""
        return self._headers.get(b"host", b"")

    @property
    def origin(self):
        """The origin of the page that sent the form."""
        return self._headers.get(b"origin", b"")

    def receive(self, data):
        """Take bytes, cut anywhere; what follows the request is dropped."""
        at = 0
        while at < len(data) and not self.done:
            if self._left >= 0:
                self._take_body(data[at:])
                return
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            self._total += stop - at + 1
            if len(self._line) + stop - at > _LINE:
                self._long = True
            else:
                self._line += data[at:stop]
            at = stop + 1
            if self._total > _HEAD:
                self._refuse(431)
            elif self._long and not self.method:
                self._refuse(414)
            elif end >= 0:
                self._end_of_line()

    def _refuse(self, status):
        self.status = status
        self.done = True

    def _end_of_line(self):
        line, self._line = self._line, b""
        long, self._long = self._long, False
        if line[-1:] == b"\r" and not long:
            line = line[:-1]
        if not self.method:
            self._first(line)
        elif line or long:
            self._header(line, long)
        else:
            self._end_of_headers()

    def _first(self, line):
        parts = line.split(b" ")
        target = parts[1] if len(parts) == 3 else b""
        if target[:1] != b"/" or parts[2][:7] != b"HTTP/1." or not parts[0]:
            self._refuse(400)
            return
        self.method = parts[0]
        self.path, _, self.query = target.partition(b"?")

    def _header(self, line, long):
        name, colon, value = line.partition(b":")
        if not colon:
            if not long:
                self._refuse(400)
            return
        if not name or name != name.strip():
            self._refuse(400)
            return
        name = name.lower()
        if name in _REFUSED:
            self._refuse(_REFUSED[name])
        elif name in _WANTED:
            if long or name in self._headers:
                self._refuse(400)
            self._headers[name] = value.strip()

    def _end_of_headers(self):
        if not self.host:
            self._refuse(400)
            return
        length = self._headers.get(b"content-length")
        if self.method != b"POST":
            self._left = 0
            if length not in (None, b"0"):
                self._refuse(413)
            self.done = True
            return
        kind = self._headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if length is None:
            self._refuse(411)
        elif not length.isdigit():
            self._refuse(400)
        elif len(length) > 4 or int(length) > _BODY:
            self._refuse(413)
        elif kind != _FORM:
            self._refuse(415)
        else:
            self._left = int(length)
            self.done = not self._left

    def _take_body(self, data):
        self.body += bytes(data[: self._left])
        self._left -= min(self._left, len(data))
        self.done = not self._left


def field(body, name):
    """Return a field of a form as a text, "" if it is not there or is not ASCII."""
    for part in body.split(b"&"):
        key, _, value = part.partition(b"=")
        if key == name:
            return _decoded(value)
    return ""


def _decoded(value):
    text = ""
    at = 0
    while at < len(value):
        byte = value[at]
        if byte == 0x2B:  # +
            byte = 0x20
        elif byte == 0x25:  # %
            try:
                byte = int(str(value[at + 1 : at + 3], "ascii"), 16)
            except ValueError:
                return ""
            at += 2
        if not 0x20 <= byte < 0x7F:
            return ""
        text += chr(byte)
        at += 1
    return text


def local_host(host, name):
    """Return whether a Host header may name this meter: an address, localhost, a name under
    `.local`, or `name`.

    Any other name belongs to somebody else, who could let it lead here and read the page with a
    script of his own.
    """
    if host[:1] == b"[":
        return b"]" in host
    plain = host.partition(b":")[0].lower()
    if plain in (b"localhost", name.lower().encode()) or plain[-6:] == b".local":
        return bool(plain)
    parts = plain.split(b".")
    return len(parts) == 4 and all(part.isdigit() for part in parts)
