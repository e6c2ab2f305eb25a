"""The layout of a wiring drawing: the board, the modules, and a path for each wire."""

from collections.abc import Iterator
from dataclasses import dataclass

from tjugo.errors import TjugoError
from tjugo.wiring.outlines import MODULES, HeaderPin, Module, Outline

PITCH = 26
BOARD_WIDTH = 252
_TOP = 84  # below the title
BOARD_PAD = 34
MODULE_WIDTH = 290
_LANE = 11
_LANES_PAD = 26
ROW = PITCH  # equal, so that wires can be straight
_GAP = 22
MARGIN = 24
LEFT, RIGHT = -1, 1


@dataclass
class Box:
    """A module on the drawing. functions: those wired to it, from top to bottom."""

    module: Module
    side: int
    functions: list[str]
    x: float = 0
    y: float = 0

    @property
    def edge(self) -> float:
        """The x coordinate of the ports."""
        return self.x + (MODULE_WIDTH if self.side == LEFT else 0)

    @property
    def height(self) -> float:
        """The height with all lines."""
        lines = 1 if self.module.outside else 0
        return 52 + ROW * len(self.functions) + (26 if self.module.power else 0) + 20 * lines

    def port_y(self, function: str) -> float:
        """Return the y coordinate of a port."""
        return self.y + 62 + ROW * self.functions.index(function)


@dataclass(frozen=True)
class Spot:
    """A header pin on the drawing."""

    pin: HeaderPin
    side: int
    x: float
    y: float


class Layout:
    """The coordinates of a board as a meter or a collector, in pixels. gpio: function to GPIO.

    The constructor raises TjugoError if the wires of one module begin on both sides of the board:
    they would cross.
    """

    def __init__(self, outline: Outline, gpio: dict[str, int], role: str, foot: float) -> None:
        """Compute the layout. foot: height of the text below the drawing."""
        self.outline = outline
        self._modules = [m for m in MODULES if role in m.roles and m.wired(gpio)]
        functions = [function for m in self._modules for function, _ in m.ports]
        self.gpio = {name: gpio[name] for name in functions if name in gpio}
        self.x0 = self.board_top = 0.0  # the board's corner
        rows = max(len(outline.left), len(outline.right))
        self.board_height = 2 * BOARD_PAD + PITCH * (rows - 1)
        self._place(foot)

    def spot(self, function: str) -> Spot:
        """Return the board's pin of a function."""
        return self.spots[self.gpio[function]]

    def _place(self, foot: float) -> None:
        self.spots = self._find_spots()
        self.boxes = [self._box(module) for module in self._modules]
        used = {box.side for box in self.boxes}
        lanes = max(self._wires_at(side) for side in used) * _LANE + 2 * _LANES_PAD
        self.x0 = MARGIN + (MODULE_WIDTH + lanes if LEFT in used else 120)
        right = self.x0 + BOARD_WIDTH
        self.width = right + (lanes + MODULE_WIDTH if RIGHT in used else 120) + MARGIN
        tallest = max(self.board_height + 24, *(self._stack_height(side) for side in used))
        self.board_top = _TOP + (tallest - self.board_height) / 2
        self.spots = self._find_spots()
        self._stack(LEFT, MARGIN, tallest)
        self._stack(RIGHT, self.width - MARGIN - MODULE_WIDTH, tallest)
        self.height = _TOP + tallest + 40 + foot

    def _find_spots(self) -> dict[int, Spot]:
        x0 = self.x0
        found = {}
        for side, pins in ((LEFT, self.outline.left), (RIGHT, self.outline.right)):
            for row, pin in enumerate(pins):
                x = x0 if side == LEFT else x0 + BOARD_WIDTH
                spot = Spot(pin, side, x, self.board_top + BOARD_PAD + PITCH * row)
                if pin.gpio is not None:
                    found[pin.gpio] = spot
        return found

    def _box(self, module: Module) -> Box:
        wired = [name for name, _ in module.ports if name in self.gpio]
        functions = sorted(wired, key=lambda name: self.spot(name).y)
        sides = {self.spot(name).side for name in functions}
        if len(sides) > 1:
            raise TjugoError(f"{module.title}: its pins are on both sides of the board")
        return Box(module, sides.pop(), functions)

    def _wires_at(self, side: int) -> int:
        return sum(len(box.functions) for box in self.boxes if box.side == side)

    def _stack_height(self, side: int) -> float:
        boxes = [box for box in self.boxes if box.side == side]
        return sum(box.height for box in boxes) + _GAP * (len(boxes) - 1)

    def _stack(self, side: int, x: float, room: float) -> None:
        """Arrange the modules of a side vertically, each as close to its pins as possible."""
        boxes = [box for box in self.boxes if box.side == side]
        boxes.sort(key=lambda box: self.spot(box.functions[0]).y)
        y: float = _TOP
        for box in boxes:
            box.x = x
            box.y = max(y, self._straight(box))
            y = box.y + box.height + _GAP
        y = _TOP + room
        for box in reversed(boxes):
            box.y = min(box.y, y - box.height)
            y = box.y - _GAP

    def _straight(self, box: Box) -> float:
        """Return the y coordinate at which the box's first wire is straight."""
        return self.spot(box.functions[0]).y - 62

    def routes(self) -> Iterator[tuple[str, str]]:
        """Yield (function, path) of every wire: board pin, a separate lane, port.

        Among the wires that go down, those that start higher turn later; among the wires that go
        up, those that start lower. So no two wires cross.
        """
        for side in (LEFT, RIGHT):
            names = [name for box in self.boxes if box.side == side for name in box.functions]
            names.sort(key=lambda name: self.spot(name).y)
            ports = {name: box for box in self.boxes for name in box.functions}
            down = [name for name in names if ports[name].port_y(name) > self.spot(name).y]
            up = [name for name in names if name not in down]
            for order in (down[::-1], up):
                for lane, name in enumerate(order):
                    yield name, self._path(name, ports[name], lane)

    def _path(self, name: str, box: Box, lane: int) -> str:
        spot = self.spot(name)
        x = spot.x + box.side * (_LANES_PAD + _LANE * lane)
        y = box.port_y(name)
        return f"M{spot.x + box.side * 8:.0f} {spot.y:.1f}H{x:.0f}V{y:.1f}H{box.edge:.0f}"
