"""`mpremote mip install` of sts_portable from this checkout on a board without files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tjugo.device.remote import Remote

FOLDER = Path(__file__).resolve().parents[2] / "sts_portable"


@pytest.mark.long
def test_the_readmes_five_lines_after_mip(own_board):
    words = ("connect", own_board.port, "mip", "install", str(FOLDER / "package.json"))
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    text = (FOLDER / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    with Remote(own_board.port) as remote:
        assert remote.exec(code).strip() == re.search(r"prints `(.*?)`", text)[1]
        place = remote.exec("import sts_portable; print(sts_portable.__file__)").strip()
    assert place == "/lib/sts_portable/__init__.py"
