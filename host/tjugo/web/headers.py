"""Headers of a request, for middleware: each of them needs one or two."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header with a name in lower case, None where there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None
