"""Keys, passwords and passphrases from a file or standard input, never from the command line."""

import os
import stat
import sys
from pathlib import Path

import click

from tjugo.errors import TjugoError
from tjugo.private_file import others_may_read

FORMS = "`-` (standard input, or typed unseen) or @FILE"
_MOST_BYTES = 4096


def ask(what: str, otherwise: str, confirm: bool = False) -> str:
    """Return a secret that is typed unseen. Raise TjugoError with the sentence `otherwise` when
    standard input is not a terminal."""
    if not sys.stdin.isatty():
        raise TjugoError(f"There is no terminal at which to type the {what}: {otherwise}.", 2)
    prompt = f"{what[0].upper()}{what[1:]}"
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed


class SecretKey(click.ParamType):
    """An option whose value is the place of a key; converted to the key's text."""

    name = "- or @FILE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        option = param.opts[0] if param else "the option"
        if value == "-" and sys.stdin.isatty():
            return ask(option.lstrip("-"), f"give {option} @FILE").strip()
        if value == "-" or value.startswith("@"):
            return read_secret(Path(value.removeprefix("@")), "key").strip()
        raise TjugoError(
            "A key is not given on the command line: other programs can see it there, and the "
            f"shell keeps it. Give {option} - to type it or pipe it in, or {option} @FILE.",
            2,
        )


def read_secret(path: Path, what: str) -> str:
    """Return the first line of a file, of standard input for `-`. what: `password`, for errors.

    Raise TjugoError if there is none, or if others may read the file.
    """
    return _lines(path, what, 1)[0]


def read_lines(path: Path, what: str) -> tuple[str, str]:
    """Return the first line of a file as read_secret() does, and the second one, "" where there is
    none."""
    first, second = (*_lines(path, what, 2), "")[:2]
    return first, second


def _lines(path: Path, what: str, most: int) -> list[str]:
    if str(path) == "-":
        return _split(sys.stdin.buffer.read(_MOST_BYTES + 1), "Standard input", what, most)
    try:
        with path.open("rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            shared = regular and others_may_read(file)
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TjugoError(f"{path} cannot be read: {error.strerror}.", 2) from error
    if shared:
        raise TjugoError(f"Others may read the {what}: run `chmod 600 {path}`.", 2)
    return _split(content, str(path), what, most)


def _split(content: bytes, name: str, what: str, most: int) -> list[str]:
    """Return the first lines, at most so many; the first one is not empty."""
    if len(content) > _MOST_BYTES:
        raise TjugoError(f"{name} is too long for a {what}.", 2)
    try:
        lines = [line.rstrip(b"\r").decode() for line in content.split(b"\n", most)[:most]]
    except UnicodeDecodeError:
        # `from None`: the text of the error would quote the secret.
        raise TjugoError(f"{name} is not text in UTF-8.", 2) from None
    if not lines[0]:
        raise TjugoError(f"{name} has no {what} in its first line.", 2)
    return lines
