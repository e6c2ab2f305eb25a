"""The board answers, has the expected memory, and supports what mpremote requires."""

import pytest

from tjugo.device.remote import BoardError

# The free heap of the smallest board at its first prompt: an RP2040, or this board with 192 KiB.
FREE_AT_BOOT = 180_000
# The minimum for the application after the import of a meter's decoder.
FREE_WITH_DECODER = 140_000


def test_the_board_answers(board):
    assert board.exec("print(6 * 7)") == "42\n"


def test_an_exception_comes_back_as_one(board):
    with pytest.raises(BoardError, match="ZeroDivisionError") as caught:
        board.exec("print('before')\n1 // 0")
    assert caught.value.printed == "before\n"


def test_integers_beyond_30_bits_are_on_the_heap(board):
    assert board.exec("import sys; print(sys.maxsize)") == "2147483647\n"


def test_memory_at_boot(board):
    assert int(board.exec("import gc; gc.collect(); print(gc.mem_free())")) >= FREE_AT_BOOT


def test_memory_with_a_decoder(board):
    code = "import gc, sts_portable.decoder; gc.collect(); print(gc.mem_free())"
    assert int(board.exec(code)) >= FREE_WITH_DECODER


def test_a_long_program_arrives_whole(board):
    lines = [f"total += {n}" for n in range(800)]
    code = "total = 0\n" + "\n".join(lines) + "\nprint(total)"
    assert int(board.exec(code)) == sum(range(800))


def test_only_what_changed_is_copied(board):
    files = {"copied/a.bin": bytes(range(256)) * 9, "copied/deep/b.txt": b"one"}
    assert board.put(files) == 2
    assert board.put(files) == 0
    assert board.put({**files, "copied/deep/b.txt": b"two"}) == 1
    assert board.get("copied/a.bin") == files["copied/a.bin"]
    assert board.get("copied/deep/b.txt") == b"two"


def test_a_running_program_is_interrupted(board):
    board.start("print('running')\nwhile True:\n    pass")
    assert board.line() == "running"
    board.soft_reset()  # Ctrl-C first, as mpremote does at its start
    assert board.exec("print('free')") == "free\n"
