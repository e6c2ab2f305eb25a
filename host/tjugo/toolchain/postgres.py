"""A private PostgreSQL server for tests and benchmarks: in a temporary folder, ended by its
process id.

Servers do not run as root: there, a system user without privileges runs it.
"""

import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

_USERS = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "logging_collector": "off",
    "autovacuum_naptime": "10s",
    "dynamic_shared_memory_type": "mmap",  # in the folder: kill() leaves nothing elsewhere
}
_WAIT_S = 60
_MEMORY, _ROOM = Path("/dev/shm"), 2_000_000_000


def program(name: str) -> str | None:
    """Return the path of a program of PostgreSQL, in PATH or where Debian has it, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


def missing() -> str | None:
    """Return why no server can be started here, None if it can."""
    for name in ("initdb", "postgres"):
        if program(name) is None:
            return f"no {name}: install the package postgresql"
    if os.getuid() == 0 and _user() is None:
        return "PostgreSQL does not run as root, and there is no other system user"
    return None


def _user() -> pwd.struct_passwd | None:
    known = {one.pw_name: one for one in pwd.getpwall()}
    return next((known[name] for name in _USERS if name in known), None)


class Server:
    """A server on a Unix socket, in `folder`. durable: commits wait for the disk, as in service;
    without, they survive kill() of the server, though not a failure of the power."""

    def __init__(self, folder: Path, durable: bool = False) -> None:
        self.folder = folder
        self._durable = durable
        self._data = folder / "data"
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            user = _user()
            assert user is not None
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        initdb = program("initdb")
        assert initdb is not None
        argv = [
            initdb,
            "-D",
            str(self._data),
            "-U",
            "tjugo",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        argv.append("--locale=C")
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, **self._as)
        assert done.returncode == 0, done.stderr
        self._process: subprocess.Popen[bytes] | None = None
        self._alive = -1
        self._numbers = count()

    def start(self) -> None:
        """Start the server and return once it accepts connections."""
        assert self._process is None
        postgres = program("postgres")
        assert postgres is not None
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        options.append(f"-cfsync={'on' if self._durable else 'off'}")
        # Its processes inherit the end of this pipe: who reads its end knows that all have ended.
        self._alive, inherited = os.pipe()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [postgres, "-D", self._data, "-k", self.folder, *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(inherited,),
                **self._as,
            )
        os.close(inherited)
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.folder / ".s.PGSQL.5432"))
            except OSError:
                return False
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql://tjugo@/{name}?host={self.folder}"

    def execute(self, statement: str, name: str = "postgres") -> None:
        """Execute a statement outside a transaction."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self, template: str = "template0") -> str:
        """Return the address of a new database, a copy of another one."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def stop(self) -> None:
        """End the server; start() starts it again. Unlike kill(), it frees its shared memory."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(_WAIT_S)
            except subprocess.TimeoutExpired:
                self.kill()
            else:
                self._end()

    def kill(self) -> None:
        """Kill the server and its processes; start() starts it again with what was committed."""
        if self._process is not None:
            # Of its own session: the server and its own processes only.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_WAIT_S)
            self._end()

    def _end(self) -> None:
        """Wait until all processes have ended: a living one may still answer, and the next
        server refuses to start beside it."""
        ended, _, _ = select.select([self._alive], [], [], _WAIT_S)
        assert ended, f"The processes of the server in {self.folder} do not end."
        os.close(self._alive)
        self._process = None


@contextmanager
def server(durable: bool = False) -> Iterator[Server]:
    """Run a server for the block, and delete its files."""
    # A short path: that of a Unix socket has at most 107 bytes. In memory, where there is room.
    room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    where = _MEMORY if room and not durable else Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="tjugo-pg-", dir=where))
    folder.chmod(0o711)
    made = Server(folder, durable)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
