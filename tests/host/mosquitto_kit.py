"""Debian's broker with users, rights and TLS, for the time of a test."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ports import free_port

_PATH = os.environ["PATH"] + ":/usr/sbin"
PASSWORD = "a right one"


def needed(*programs: str) -> None:
    """Skip the test where one of the programs is not installed."""
    for program in programs:
        if not shutil.which(program, path=_PATH):
            pytest.skip(f"{program} is not installed")


def certificates(folder: Path, host: str = "127.0.0.1") -> Path:
    """Make a CA and the broker's certificate; return the CA's file."""
    needed("openssl")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    ca = ["-x509", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"]
    _run(folder, "openssl", "req", *key, *ca)
    name = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=IP:{host}"]
    _run(folder, "openssl", "req", *key, *name, "-keyout", "broker.key", "-out", "broker.csr")
    sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy"]
    _run(folder, "openssl", "x509", "-req", "-in", "broker.csr", *sign, "-out", "broker.pem")
    return folder / "ca.pem"


def _run(folder: Path, *argv: str) -> None:
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, env={"PATH": _PATH})


@contextmanager
def mosquitto(folder: Path, *lines: str, users: tuple[str, ...] = ()) -> Iterator[int]:
    """Start a broker on 127.0.0.1 with these lines of configuration; yield its port."""
    needed("mosquitto")
    port = free_port()
    # Started by root it would become another user, who cannot read the password file.
    config = [f"user {getpass.getuser()}", f"listener {port} 127.0.0.1"]
    config += ["persistence false", "log_type none", *lines]
    if users:
        needed("mosquitto_passwd")
        for number, user in enumerate(users):
            new = ["-c"] if number == 0 else []
            _run(folder, "mosquitto_passwd", "-b", *new, "users", user, PASSWORD)
        config += ["allow_anonymous false", f"password_file {folder / 'users'}"]
    else:
        config.append("allow_anonymous true")
    (folder / "mosquitto.conf").write_text("\n".join(config) + "\n")
    program = shutil.which("mosquitto", path=_PATH) or "mosquitto"
    process = subprocess.Popen(
        [program, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL
    )
    try:
        _until_listening(process, port)
        yield port
    finally:
        process.kill()
        process.wait()


def _until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "mosquitto did not start"
