"""A fake `rp2`: PIO programs are stored as lists and executed by a small state machine."""

import time


class PIO:
    JOIN_NONE, JOIN_TX, JOIN_RX = 0, 1, 2
    OUT_LOW = 2


_OPERANDS = ("x", "y", "pin", "isr", "null", "x_dec", "y_dec", "noblock", "osr", "pins")


class _Recorder:
    """The names of a PIO program while it is recorded."""

    def __init__(self):
        self.program = []
        self.labels = {}
        self.start = 0
        self.end = None
        self.names = {name: name for name in _OPERANDS}
        self.names["invert"] = lambda operand: "~" + operand
        self.names["label"] = self._label
        self.names["wrap_target"] = self._wrap_target
        self.names["wrap"] = self._wrap
        for name in ("mov", "set", "wait", "jmp", "push", "pull"):
            self.names[name] = self._instruction(name)

    def _label(self, name):
        self.labels[name] = len(self.program)

    def _wrap_target(self):
        self.start = len(self.program)

    def _wrap(self):
        self.end = len(self.program) - 1

    def _instruction(self, name):
        return lambda *operands: self.program.append((name, operands))


def asm_pio(fifo_join=PIO.JOIN_NONE, set_init=None):
    """Return a decorator like rp2.asm_pio: it runs a function once with PIO's names as globals."""

    def decorate(function):
        recorder = _Recorder()
        # CPython: the function's own globals; MicroPython: those of the module it is in.
        scope = getattr(function, "__globals__", None)
        if scope is None:
            import sys

            scope = sys.modules["boards.common.port_rp2"].__dict__
        before = {name: scope[name] for name in recorder.names if name in scope}
        scope.update(recorder.names)
        try:
            function()
        finally:
            for name in recorder.names:
                if name in before:
                    scope[name] = before[name]
                else:
                    del scope[name]
        return recorder

    return decorate


class StateMachine:
    """A state machine. `run(levels)` executes one cycle for each level of the pin."""

    made = []

    def __init__(self, number, program, freq, in_base=None, jmp_pin=None, set_base=None):
        assert 1908 <= freq <= 125000000
        assert in_base is jmp_pin
        self.pin = in_base or set_base
        self._left_ms = 0  # of a pulse that is output
        if set_base:
            set_base(0)
            time.periodic.append((1, self._pass))
        self.freq = freq
        self._program = program
        self._x = self._y = self._isr = 0
        self._at = 0
        self._fifo = []
        self._active = False
        self.made.append(self)

    def active(self, on):
        self._active = bool(on)

    def put(self, cycles):
        """Begin a pulse of so many cycles and two."""
        assert self._active and self.pin.level == 0
        self._left_ms = (cycles + 2) * 1000 // self.freq
        self.pin(1)

    def restart(self):
        self._left_ms = 0

    def exec(self, instruction):
        assert instruction == 0xE000  # set(pins, 0)
        self.pin(0)

    def _pass(self):
        if self._left_ms:
            self._left_ms -= 1
            if not self._left_ms:
                self.pin(0)

    def rx_fifo(self):
        return len(self._fifo)

    def get(self):
        return self._fifo.pop(0)

    def run(self, levels):
        """Execute one cycle for each level."""
        assert self._active
        for level in levels:
            self._cycle(level)

    def _cycle(self, level):
        name, operands = self._program.program[self._at]
        at = self._program.start if self._at == self._program.end else self._at + 1
        if name == "wait":
            if level != operands[0]:
                return
        elif name == "set":
            self._y = operands[1]
        elif name == "mov":
            value = {"null": 0, "x": self._x}[operands[1][1:]] ^ 0xFFFFFFFF
            if operands[0] == "x":
                self._x = value
            else:
                self._isr = value
        elif name == "push":
            if len(self._fifo) < 8:
                self._fifo.append(self._isr)
        elif self._jumps(operands, level):
            at = self._program.labels[operands[-1]]
        self._at = at

    def _jumps(self, operands, level):
        if len(operands) == 1:
            return True
        if operands[0] == "pin":
            return level == 1
        if operands[0] == "x_dec":
            before, self._x = self._x, self._x - 1 & 0xFFFFFFFF
        else:
            before, self._y = self._y, self._y - 1 & 31
        return before != 0
