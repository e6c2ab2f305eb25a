"""The service port: one JSON object per line on standard input and standard output."""

import json

_MAX_LINE = 1024


class Lines:
    """Non-blocking lines from `stream`. `ready()` returns whether a byte can be read."""

    def __init__(self, stream, ready):
        self._stream = stream
        self._ready = ready
        self._line = bytearray()

    def next(self):
        """Return the next line without its end, or None. Raise SystemExit at the end of input."""
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
    """The command interpreter. `commands`: {name: function of its value}.

    A command function raises ValueError or TypeError for an invalid value.
    """

    def __init__(self, lines, write, commands):
        self._lines = lines
        self._write = write
        self._commands = commands

    def say(self, message):
        """Write a message as one line of JSON."""
        self._write(json.dumps(message) + "\n")

    def poll(self):
        """Execute the commands that have been received."""
        line = self._lines.next()
        while line is not None:
            if line.strip():
                self._obey(line)
            line = self._lines.next()

    def obey(self, message):
        """Execute the commands in a dict. Raise ValueError or TypeError for an invalid one."""
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
    """Return `value`. Raise ValueError unless it is an integer from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError("not a whole number from %d to %d" % (low, high))
    return value
