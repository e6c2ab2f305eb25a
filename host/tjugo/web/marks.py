"""Sentences on pages: what is between backticks, such as a command, is shown as code."""

import re

from markupsafe import Markup, escape

_CODE = re.compile("`([^`]+)`")


def marked(sentence: object) -> Markup:
    """Return a sentence as HTML, with its commands as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(sentence))))
