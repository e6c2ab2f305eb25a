"""The check against the ports' stubs accepts correct code and finds an error."""

import pytest

from tjugo.device import stubs
from tjugo.errors import TjugoError

OUTPUT = f"""\
boards/common/port_rp2.py:3: error: Module has no attribute "Pim"  [attr-defined]
boards/common/port_rp2.py:3: note: Did you mean "Pin"?
firmware/drivers/x.py:9: error: All conditional function variants must have identical signatures
{stubs.BUILD}/stubs/rp2/__init__.pyi:1: error: Overloaded function signature will never be matched
build/stubs/esp32/network.pyi:622: error: Name "LAN" already defined
"""


def test_errors_in_the_stubs_and_meant_ones_are_no_findings():
    assert stubs.findings(OUTPUT) == OUTPUT.splitlines()[:1]


MISTAKES = {
    "rp2": "import machine\nmachine.Counter(0)\n",  # there is none on this chip
    "esp32": "import rp2\n",
}


@pytest.mark.long
@pytest.mark.parametrize("name", stubs.PORTS)
def test_boards_are_clean_and_a_mistake_is_found(name, tmp_path):
    port = stubs.PORTS[name]
    try:
        stubs.fetch(port, print)
    except TjugoError as error:
        pytest.skip(f"no stubs to be had: {error.message.splitlines()[-1]}")
    for board in port.boards:
        assert stubs.check(port, board, stubs.files_of(board)) == []
    wrong = tmp_path / "wrong.py"
    wrong.write_text(MISTAKES[name])
    found = stubs.check(port, port.boards[-1], [str(wrong)])
    assert len(found) == 1 and "wrong.py" in found[0]
