"""The service port: a JSON object a line on standard input, and one a line on standard output."""

import json

_MAX_LINE = 1024


class Lines:
    """Non-blocking lines from `stream`. `ready()` says whether a byte can be read."""

    def __init__(self, stream, ready):
        self._stream = stream
        self._ready = ready
        self._line = bytearray()

    def next(self):
        """The next line without its end, or None. SystemExit at the end of input."""
        while self._ready():
            byte = self._stream.read(1)
            if not byte:
                raise SystemExit(0)
            if byte != b"\n":
                if len(self._line) < _MAX_LINE:
                    self._line += byte
                continue
            line = bytes(self._line)
            self._line = bytearray()
            return line
        return None


class ServicePort:
    """Carries out commands. `commands`: {name: function of its value}.

    A command function raises ValueError or TypeError for a value it cannot use.
    """

    def __init__(self, lines, write, commands):
        self._lines = lines
        self._write = write
        self._commands = commands

    def say(self, message):
        """One line of JSON."""
        self._write(json.dumps(message) + "\n")

    def poll(self):
        """Carry out what has come in."""
        line = self._lines.next()
        while line is not None:
            if line.strip():
                self._obey(line)
            line = self._lines.next()

    def obey(self, message):
        """Carry out the commands in a dict. ValueError or TypeError for what cannot be done."""
        if not isinstance(message, dict):
            raise ValueError("not a JSON object")
        for name, value in message.items():
            if name not in self._commands:
                raise ValueError("unknown command " + name)
            self._commands[name](value)

    def _obey(self, line):
        try:
            self.obey(json.loads(line))
        except (ValueError, TypeError) as error:
            self.say({"error": "%s: %s" % (_text(line), error)})


def _text(line):
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in line[:80])


def whole_number(value, low, high):
    """`value` if it is an integer from `low` to `high`, else ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError("want a whole number from %d to %d" % (low, high))
    return value
