"""The meter's page: which request gets which answer. No I/O.

An answer is a list of functions without arguments that return bytes: only one piece of the page
is in memory at a time. The page has no script and no key. The form is the only thing that changes
anything; it is taken only from a page of this meter (header Origin), and the page only answers to
the meter's own addresses and names (header Host), so that no page from elsewhere can read it.
"""

from .entry import TokenEntry
from .request import field, local_host

_STATUS = {
    200: "OK",
    303: "See Other",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
}
_HEAD = (
    "HTTP/1.1 %d %s\r\nConnection: close\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
)
_STYLE = (
    "<style>body{font:18px system-ui,sans-serif;margin:0 auto;max-width:30rem;padding:1rem;"
    "color:#1f2933;background:#fbfaf7}h1{font-size:1.2rem}table{width:100%;border-collapse:"
    "collapse}td{padding:.5rem 0;border-bottom:1px solid #d9d9d4}td+td{text-align:right;"
    "font-variant-numeric:tabular-nums}.c{font-size:2.2rem;font-weight:700;margin:.3rem 0}"
    "input,button{font:inherit;width:100%;box-sizing:border-box;padding:.8rem;margin:.4rem 0;"
    "border:1px solid #52606d;border-radius:8px}form{margin-top:1rem}"
    "button{background:#1d6b45;color:#fff}.r{padding:.8rem;border-radius:8px;background:#e7ecef}a{color:#1d6b45}</style>"
)
_TOP = (
    '<!doctype html><html lang="%s"><meta charset="utf-8"><meta name="viewport" '
    'content="width=device-width,initial-scale=1"><title>%s %s</title>'
)
_RESULT = '<p class="r" role="status"><b>%s</b> %s</p>'
_FORM = (
    '<form method="post" action="/token"><label for="token">%s</label><input id="token" '
    'name="token" inputmode="numeric" autocomplete="off" maxlength="24" required '
    'pattern="([ \\-]*[0-9]){20}[ \\-]*" title="%s"><button>%s</button></form>'
)
# Short codes of the readings, in this order; those that this meter does not have are left out.
_READINGS = ("851", "814", "807", "808", "817", "822", "818")
_UNKNOWN = "---"


class Site:
    """The answers. name: a host name besides addresses by which the meter may be called."""

    def __init__(self, meter, name=""):
        self._meter = meter
        self._name = name
        self.entry = TokenEntry(meter)
        self._number = 0  # of the last token: its result is for the browser that sent it

    def answer(self, request):
        """Return the pieces of the answer to a complete request."""
        status = request.status or self._refusal(request)
        if status:
            return error(status)
        if request.path == b"/token":
            self.entry.put(field(request.body, b"token"))
            self._number = self._number % 9999 + 1
            return [self._redirect]
        result = request.query == b"n=%d" % self._number and self._number
        return self._page(result)

    def _refusal(self, request):
        """Return the status of a request that gets nothing, 0 for one that does."""
        if not local_host(request.host, self._name):
            return 403
        if request.path == b"/":
            return 0 if request.method == b"GET" else 405
        if request.path != b"/token":
            return 404
        if request.method != b"POST":
            return 405
        if request.origin != b"http://" + request.host:
            return 403
        return 503 if self.entry.busy() else 0

    def _redirect(self):
        head = _HEAD % (303, _STATUS[303])
        return ("%sLocation: /?n=%d\r\nContent-Length: 0\r\n\r\n" % (head, self._number)).encode()

    def _page(self, result):
        pieces = [_page_head, self._top, _STYLE.encode, self._state]
        if result:
            pieces.append(self._result)
        pieces.append(lambda: b"<table>")
        for code in _READINGS:
            pieces.append(self._reading(code))
        pieces += [lambda: b"</table>", self._form]
        return pieces

    def _top(self):
        meter = self._meter
        words = meter.words
        title = escape(words.text("Meter number"))
        drn = escape(meter.settings.drn)
        top = _TOP % (words.language, title, drn)
        return ("%s<h1>%s %s</h1>" % (top, title, drn)).encode()

    def _state(self):
        meter = self._meter
        text = meter.words.text
        label, credit = meter.keys.short_code("801")
        supply = meter.supply
        if supply.reasons:
            state = text("Off") + ": " + text(supply.text())
        else:
            fault = "Not measured" if meter.metering.failed else "On"
            state = text("Relay fault" if supply.relay_failed else fault)
        return (
            '<p>%s</p><p class="c">%s</p><p><b>%s</b></p>'
            % (escape(text(label)), escape(credit or _UNKNOWN), escape(state))
        ).encode()

    def _result(self):
        label, text = self.entry.result
        return (_RESULT % (escape(label), escape(text))).encode()

    def _reading(self, code):
        def piece():
            label, value = self._meter.keys.short_code(code)
            if label == "Unknown code":
                return b""
            text = self._meter.words.text
            value = _UNKNOWN if value is None else text(value)
            return ("<tr><td>%s<td>%s" % (escape(text(label)), escape(value))).encode()

        return piece

    def _form(self):
        text = self._meter.words.text
        return (_FORM % (escape(text("Token")), escape(text("20 digits")), text("Send"))).encode()


def _page_head():
    return (
        _HEAD % (200, _STATUS[200]) + "Content-Type: text/html; charset=utf-8\r\n\r\n"
    ).encode()


def error(status):
    """Return the pieces of an answer that is nothing but a status."""

    def piece():
        name = _STATUS[status]
        head = _HEAD % (status, name)
        length = len(name) + 1
        allow = "Allow: GET, POST\r\n" if status == 405 else ""
        return (
            "%s%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s\n"
            % (head, allow, length, name)
        ).encode()

    return [piece]


def escape(text):
    """Return a text for HTML."""
    for char, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, name)
    return text
