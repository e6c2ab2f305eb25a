"""Test vectors checked on a board, real or emulated, over its serial port."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from tjugo.device.mpy import compile_packages
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError
from tjugo.sts import vector_checks
from tjugo.toolchain.tools import REPO

EMULATED = "qemu"

_FOLDER = "vectors"  # apart from lib/, where a meter has its own copy
_AT_ONCE = 10
_QUIET_SECONDS = 120.0  # of a slow board with a slow algorithm
# Only the fields that checks read are sent: a board's memory is small.
_READ = ("kind", "inputs", "expected")
_BEGIN = f"""\
import json, sys
sys.path.insert(0, '/{_FOLDER}')
from vector_checks import check
def answers(*lines):
    for line in lines:
        print(json.dumps(check(json.loads(line))))
"""
_END = f"""\
import os
def remove(path):
    for name, kind, *_ in os.ilistdir(path):
        remove(path + '/' + name) if kind == 0x4000 else os.remove(path + '/' + name)
    os.rmdir(path)
remove('/{_FOLDER}')
"""


def outcomes(vectors: Iterable[dict[str, Any]], port: str) -> Iterator[list[str] | None]:
    """Yield the result of vector_checks.check() for each vector on the board at `port`.

    port: a serial port, or EMULATED. The board's application is interrupted, and started again
    afterwards; nothing stays on its flash. Raise TjugoError.
    """
    with _port(port) as there, Remote(there) as remote:
        yield from asked(vectors, remote)
        remote.start_main()


def asked(vectors: Iterable[dict[str, Any]], remote: Remote) -> Iterator[list[str] | None]:
    """Yield the results of outcomes() from a connected board, which stays at its prompt."""
    packages = compile_packages([REPO / "sts_portable", Path(vector_checks.__file__).parent])
    remote.put({f"{_FOLDER}/{name}": content for name, content in packages.items()})
    try:
        remote.exec(_BEGIN, _QUIET_SECONDS)
        lines = (json.dumps({name: vector[name] for name in _READ}) for vector in vectors)
        while some := list(islice(lines, _AT_ONCE)):
            printed = remote.exec(f"answers(*{some!r})", _QUIET_SECONDS)
            yield from map(json.loads, printed.splitlines())
    finally:
        remote.exec(_END)


@contextmanager
def _port(port: str) -> Iterator[str]:
    if port != EMULATED:
        yield port
        return
    try:
        from tjugo.emulated.qemu import QemuBoard
        from tjugo.emulated.qemu_build import firmware
    except ModuleNotFoundError as error:
        raise TjugoError(f"{error.name} is not installed; run: make setup-dev") from None

    with tempfile.TemporaryDirectory(prefix="tjugo-vectors-") as folder:
        with QemuBoard(firmware(print), Path(folder) / "flash") as board:
            yield board.port
