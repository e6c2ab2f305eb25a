"""Keys for commands: from standard input or a file, never from the command line."""

import sys
from pathlib import Path

import click

from tjugo.errors import TjugoError

FORMS = "`-` (standard input, or typed unseen) or @FILE"
_MOST_BYTES = 1000


class Secret(click.ParamType):
    """An option whose value is where a key is found; converted to the key's text."""

    name = "- or @FILE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        option = param.opts[0] if param else "the option"
        if value == "-":
            found = _from_input(option)
        elif value.startswith("@"):
            found = _from_file(Path(value[1:]))
        else:
            raise TjugoError(
                "A key is not given on the command line: other programs can see it there, and the "
                f"shell keeps it. Give {option} - to type it or pipe it in, or {option} @FILE.",
                2,
            )
        if not found.strip():
            raise TjugoError(f"There is no key where {option} says.", 2)
        return found.strip()


def _from_input(option: str) -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt(option.lstrip("-"), hide_input=True, err=True)
        return typed
    return sys.stdin.readline(_MOST_BYTES)


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        return content.decode("ascii")
    except OSError as error:
        raise TjugoError(f"{path} cannot be read: {error.strerror}.", 2) from None
    except UnicodeDecodeError:
        raise TjugoError(f"{path} is not a file with a key in hex.", 2) from None
