"""Modules that are linked into one: what the text becomes, what is refused, and what it does."""

import subprocess
from pathlib import Path

import pytest

from tjugo.device import groups, program, targets
from tjugo.device.groups import Group
from tjugo.errors import TjugoError

LOW = '''"""Low."""
import struct

_LIMIT = 3
scale = 10


class LowError(Exception):
    """What is wrong."""


def put(value):
    """Return a value in bytes."""
    return struct.pack(">H", value * scale)


def set_scale(value):
    global scale
    scale = value


def _help(limit):
    return limit + _LIMIT


def add(value):
    return _help(value)


def nobody():
    return _nobody_either()


def _nobody_either():
    return nobody
'''
HIGH = '''from binascii import hexlify
from . import low
from .low import LowError, put as put_low

_LIMIT = 4


def _help(put):
    return put - _LIMIT


class High:
    scale = 7
    TABLE = {1: _help}

    def run(self, add):
        """Return what the check compares."""
        low.set_scale(20)
        names = [low.add(one) for one in range(2)]
        try:
            raise LowError("x")
        except LowError as error:
            names.append(error.args)
        return hexlify(put_low(add)), low.scale, self.scale, self.TABLE[1](9), names, _lazy()


def _lazy():
    from .low import add

    return add(100)
'''
OUTSIDE = """from box import low as other
from box.high import High


def run():
    return High().run(5), other.scale, other.add(1)
"""
BOX = Group("box.high", ("box.high",), ("box.",))


def made(monkeypatch, tmp_path: Path, group: Group = BOX, **texts: str) -> program.Program:
    """Return the program of modules with these texts; "__" in a name is a dot."""
    monkeypatch.setitem(groups.GROUPS, "box", (group,))
    paths = {}
    for name, text in texts.items():
        path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths[name.replace("__", ".")] = path
    return program.program("box", paths, frozenset())


def test_linked_modules_do_what_they_did(monkeypatch, tmp_path, micropython, micropython_env):
    found = made(monkeypatch, tmp_path / "a", box__low=LOW, box__high=HIGH, outside=OUTSIDE)
    assert set(found.sources) == {"box.high", "outside"}
    ask = "import outside; print(outside.run())"
    answers = []
    for sources in ({"box.low": LOW, "box.high": HIGH, "outside": OUTSIDE}, found.sources):
        folder = tmp_path / str(len(answers))
        for name, text in sources.items():
            path = folder.joinpath(*name.split(".")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        env = {**micropython_env, "MICROPYPATH": str(folder)}
        argv = [*micropython, "-c", ask]
        answers.append(subprocess.run(argv, env=env, capture_output=True, check=True).stdout)
    assert answers[0] == answers[1] and b"20, 7, 5, [3, 4, ('x',)], 103), 20, 4)" in answers[0]


def test_what_nobody_reads_is_left_out_and_the_rest_is_private(monkeypatch, tmp_path):
    text = made(monkeypatch, tmp_path, box__low=LOW, box__high=HIGH, outside=OUTSIDE).sources[
        "box.high"
    ]
    assert "def nobody" not in text and "_nobody_either" not in text
    assert "Return a value in bytes" not in text and "\n\n" not in text
    # High.run() has another `add`, and High another `scale`.
    for kept in ("def _put(", "class High:", "def add2(value)", "class LowError", "scale2 = 10"):
        assert kept in text, kept
    assert text.count("import ") == 2


def test_each_line_has_its_place(monkeypatch, tmp_path):
    linked = made(monkeypatch, tmp_path, box__low=LOW, box__high=HIGH, outside=OUTSIDE).links[
        "box.low"
    ]
    number = linked.source.split("\n").index('    return struct.pack(">H", value * scale2)')
    module, line = linked.lines[number]
    assert module == "box.low" and "struct.pack" in LOW.split("\n")[line - 1]


def test_a_line_of_a_crash_report_is_found():
    board = targets.target("qemu_mps2")
    paths = targets.with_code(targets.modules(board, "meter"))
    linked = program.program("meter", paths, frozenset({"meterbus.crc"})).links["meter.app"]
    text = "        self._ticks += 1"
    number = linked.source.split("\n").index(text) + 1
    path, line = targets.place(board, "meter", "meter.app", number)
    assert path.name == "app.py" and path.read_text().split("\n")[line - 1] == text
    path, line = targets.place(board, "meter", "meter.readdress", 3)
    assert (path.name, line) == ("readdress.py", 3)
    for module, wrong in (("meter.app", 99_999), ("meter.none", 1), ("meter.readdress", 0)):
        with pytest.raises(TjugoError, match="no such line"):
            targets.place(board, "meter", module, wrong)


def test_a_module_alone_keeps_its_lines(monkeypatch, tmp_path):
    text = '"""Alone."""\n\nfrom box import low\n\n\ndef run():\n    return low.add(1)\n'
    found = made(monkeypatch, tmp_path, box__low=LOW, box__high=HIGH, outside=text)
    lines = found.sources["outside"].split("\n")
    assert lines[5].startswith("def ") and "import high as" in lines[0]


def test_a_module_that_is_passed_on_as_an_object_is_not_linked(monkeypatch, tmp_path):
    text = "from box import low\n\n\ndef run(other):\n    return other(low)\n"
    found = made(monkeypatch, tmp_path, box__low=LOW, box__high=HIGH, outside=text)
    assert not found.links and "def nobody" in found.sources["box.low"]


@pytest.mark.parametrize(
    "text", ["print(__name__)\n", "def f():\n    return globals()\n", "from .low import *\n"]
)
def test_what_may_depend_on_its_own_module_is_not_linked(monkeypatch, tmp_path, text):
    found = made(monkeypatch, tmp_path, box__low=LOW, box__high=text + "from . import low\n")
    assert not found.links


def test_a_module_between_two_members_is_not_left_in_the_middle(monkeypatch, tmp_path):
    between = "from box import low\n\n\ndef f():\n    return low.add(__name__)\n"
    high = "from box import between, low\n\n\ndef run():\n    return between.f(), low.scale\n"
    found = made(monkeypatch, tmp_path, box__low=LOW, box__between=between, box__high=high)
    assert not found.links, "low is imported while box.high is loaded"


def test_what_cannot_be_linked_is_left_as_it_is(monkeypatch, tmp_path):
    low = "try:\n    import json as codec\nexcept ImportError:\n    codec = None\n"
    high = "from . import low\n\n\ndef codec():\n    return low.codec\n"
    found = made(monkeypatch, tmp_path, box__low=low, box__high=high)
    assert "codec of box." in found.refused["box.high"] and not found.links
    assert "low" in found.sources["box.high"]
    assert set(found.sources) == {"box.low", "box.high"}


def test_a_local_name_never_takes_the_place_of_a_linked_one(monkeypatch, tmp_path):
    high = (
        "from .low import add as plus\n\n\ndef run(add):\n    return plus(add)\n"
        "def more(_add):\n    return plus(_add)\n"
    )
    out = (
        "from box.low import add\nfrom box.high import more, run\n\n\n"
        "def f():\n    return run, more, add\n"
    )
    found = made(monkeypatch, tmp_path, box__low=LOW, box__high=high, outside=out)
    scope: dict = {"const": int}
    exec(found.sources["box.high"], scope)
    assert scope["run"](1) == 4 and scope["more"](2) == 5


def test_an_import_of_what_is_not_there_is_found(monkeypatch, tmp_path):
    with pytest.raises(TjugoError, match=r"no missing in box\.low"):
        made(
            monkeypatch,
            tmp_path,
            box__low=LOW,
            box__high=HIGH,
            outside="from box.low import missing\n\n\ndef f():\n    return missing\n",
        )


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_every_board_has_its_modules_linked(name):
    board = targets.target(name)
    for role in targets.roles(board):
        made = program.program(
            role, targets.with_code(targets.modules(board, role)), frozenset({"meterbus.crc"})
        )
        assert not made.refused, "what cannot be linked takes more heap"
        mains = {one.main for one in made.links.values()}
        assert ("boards.common.hardware" if name != "qemu_mps2" else "board") in mains
        if role == "meter":
            wanted = {"meter.app", "meterbus.server", "sts_portable.decoder", "runtime.boot"}
            assert wanted <= mains
            alone = {one for one in made.sources if one not in made.links}
            for member in ("meter.core", "meter.store.ledger", "meterbus.registers"):
                assert made.links[member].main != member
            assert not {"meter.events", "sts_portable.ea", "meterbus.codes"} & alone
