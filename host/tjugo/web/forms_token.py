"""The token of a session in every form that changes something."""

import re
from typing import Any

from jinja2.ext import Extension
from markupsafe import Markup

from tjugo.web import current

_FORM = re.compile(r"<form\b[^>]*\bmethod=[\"']post[\"'][^>]*>", re.I)
FIELD = "csrf"


class FormTokens(Extension):
    """Adds the field of the token to each form with method="post" of the templates, so that none
    is forgotten."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        environment.globals["csrf_field"] = field

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _FORM.sub(lambda found: f"{found[0]}{{{{ csrf_field() }}}}", source)


def field() -> Markup:
    """Return the hidden field; nothing without a session."""
    token = current.known().csrf
    if not token:
        return Markup()
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)
