"""A licensee's STA tables: read from a file, checked, stored privately, and installed.

The project contains the published sample tables only. Tables are secret: they are never printed,
only identified by a fingerprint.
"""

import hashlib
import re
from pathlib import Path

from sts_portable import sta
from tjugo import foreign_json
from tjugo.errors import TjugoError, Unavailable
from tjugo.paths import STA_TABLES
from tjugo.private_file import others_may_read, private_file

SIZES = {"S1": 16, "S2": 16, "P": 64}
_BYTES = sum(SIZES.values())
_MOST_BYTES = 10_000
_SAMPLE = bytes(sta._SAMPLE)


def in_use() -> bytes:
    """Return the tables used by this process: 96 bytes, S1, S2, P."""
    return bytes(sta.tables())


def is_sample(data: bytes) -> bool:
    """Return whether these are the published sample tables."""
    return data == _SAMPLE


def sample_in_use() -> bool:
    """Return whether this process uses the published sample tables."""
    return is_sample(in_use())


def fingerprint(data: bytes) -> str:
    """Return the first 16 hex digits of the tables' SHA-256, which does not disclose them."""
    return hashlib.sha256(data).hexdigest()[:16]


def parse(content: bytes) -> bytes:
    """Return the 96 bytes of the tables in a file's content.

    The content is the 96 bytes, JSON with the lists S1, S2 and P, or text with `S1 = 12 10 ...`
    for each (a list may continue on the next lines; # begins a comment). Raise TjugoError, whose
    text contains no table, unless they are permutations.
    """
    data = content if len(content) == _BYTES else _packed(_lists(content))
    start = 0
    for name, size in SIZES.items():
        if sorted(data[start : start + size]) != list(range(size)):
            raise TjugoError(f"STA table {name} is not a permutation of 0 to {size - 1}.")
        start += size
    return data


def _lists(content: bytes) -> dict[str, list[int]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TjugoError(f"A binary file of STA tables has exactly {_BYTES} bytes.") from None
    if text.lstrip().startswith("{"):
        try:
            found = foreign_json.loads(text)
        except ValueError:
            raise TjugoError("The file of STA tables is not correct JSON.") from None
        return {str(name).upper(): numbers for name, numbers in found.items()}
    lists: dict[str, list[int]] = {}
    current: list[int] = []
    for word in re.findall(r"[^\s,;:=\[\]()]+", re.sub(r"#.*", "", text)):
        if word.upper() in SIZES:
            current = lists.setdefault(word.upper(), [])
        elif re.fullmatch(r"[0-9]{1,3}", word, re.A):
            current.append(int(word))
        else:
            raise TjugoError("The file of STA tables has a word that is no table and no number.")
    return lists


def _packed(lists: dict[str, list[int]]) -> bytes:
    packed = b""
    for name, size in SIZES.items():
        numbers = lists.get(name)
        if not isinstance(numbers, list):
            raise TjugoError(f"The file of STA tables has no {name}.")
        if len(numbers) != size:
            raise TjugoError(f"STA table {name} has {len(numbers)} entries instead of {size}.")
        if not all(type(number) is int and 0 <= number < size for number in numbers):
            raise TjugoError(f"STA table {name} has an entry that is not 0 to {size - 1}.")
        packed += bytes(numbers)
    return packed


def load(file: Path, state_dir: Path) -> bytes:
    """Check a licensee's file, store its tables in the state folder and return them.

    Raise TjugoError without changing the stored tables.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TjugoError(f"{file} cannot be read: {error.strerror}.", 2) from error
    if len(content) > _MOST_BYTES:
        raise TjugoError(f"{file} is too long to be a file of STA tables.")
    data = parse(content)
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The folder {state_dir} cannot be made: {error.strerror}.") from error
    with private_file(state_dir / STA_TABLES) as kept:
        kept.write(data)
    return data


def kept(state_dir: Path) -> bytes | None:
    """Return the tables stored in a state folder, or None if there are none.

    Raise Unavailable if the file is damaged or not private: other tables would give wrong tokens.
    """
    path = state_dir / STA_TABLES
    try:
        with path.open("rb") as opened:
            shared = others_may_read(opened)
            content = opened.read(_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
    if shared:
        raise Unavailable(f"Others may read the STA tables: run `chmod 600 {path}`.")
    return stored(content, path)


def stored(content: bytes, path: Path) -> bytes:
    """Return the tables in the content of a stored file. Raise Unavailable if it is damaged."""
    try:
        if len(content) != _BYTES:
            raise TjugoError(f"It does not have {_BYTES} bytes.")
        return parse(content)
    except TjugoError as error:
        raise Unavailable(f"{path} is damaged. {error.message}") from error


def reset(state_dir: Path) -> bool:
    """Remove the stored tables. Return whether there were any."""
    try:
        (state_dir / STA_TABLES).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        path = state_dir / STA_TABLES
        raise Unavailable(f"{path} cannot be removed: {error.strerror}.") from error
    return True


def use(state_dir: Path) -> bytes:
    """Install the tables stored in the folder, or the sample tables, and return them.

    Raise Unavailable as kept().
    """
    data = kept(state_dir) or _SAMPLE
    if data != in_use():
        sta.set_tables(data)
    return data
