"""Execution of other programs to their end."""

import os
import subprocess
from pathlib import Path

from tjugo.errors import TjugoError

_SECONDS = 600
_LAST_LINES = 12


def run(argv: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Return the standard output of a program. Raise TjugoError with its last lines on failure."""
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TjugoError(f"{argv[0]}: {error}") from None
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        tail = "\n".join(lines[-_LAST_LINES:]) or f"exit status {done.returncode}"
        raise TjugoError(f"{Path(argv[0]).name} failed:\n{tail}")
    return done.stdout
