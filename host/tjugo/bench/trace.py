"""The bus trace: each frame as a line for people."""

from typing import Any

from meterbus import decode
from tjugo.bench.bus import TOOL
from tjugo.bench.line import Frame

COLLECTOR = "collector"
_KINDS = {"->": "request", "<-": "reply", "??": "damaged"}
_OUTGOING = {COLLECTOR: True, TOOL: None}  # a tool may send requests or replies; all others reply


class Tracer:
    """A converter of frames to `{"at_ms", "from", "kind", "text", "hex"}`.

    kind is request, reply, damaged or collision; at_ms is the time on the bus since the first
    frame.
    """

    def __init__(self) -> None:
        self._trace = decode.Trace()
        self._origin: int | None = None

    def line(self, frame: Frame) -> dict[str, Any]:
        """Return the trace line of a frame."""
        if self._origin is None:
            self._origin = frame.start
        if frame.collided:
            kind, text = "collision", f"collision: {len(frame.data)} garbled bytes"
        else:
            kind, text = self._decode(frame)
        return {
            "at_ms": (frame.start - self._origin) // 1_000_000,
            "from": frame.drop,
            "kind": kind,
            "text": text,
            "hex": frame.data.hex(" "),
        }

    def _decode(self, frame: Frame) -> tuple[str, str]:
        outgoing = _OUTGOING.get(frame.drop, False)
        try:
            text = self._trace.describe(frame.data, outgoing)
        except IndexError:  # a good CRC, but shorter than its function needs
            return "damaged", f"{len(frame.data)} bytes that end too early"
        return _KINDS[text[:2]], text[3:]
