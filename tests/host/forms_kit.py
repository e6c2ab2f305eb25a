"""The forms of all pages, read from their templates: where each is sent, and its fields."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "host/tjugo/web/templates"
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.S)
_NAME = re.compile(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)"')
_ACTION = re.compile(r'\baction="([^"]*)"')
_OTHER = re.compile(r'\bformaction="([^"]*)"')
_INCLUDE = re.compile(r'{%-? include "([^"]+)"')
_INSERTED = re.compile(r"{{.*?}}")

# What a variable at the beginning of an action is, by template.
_BEGINNINGS = {
    "operator.html": ("/operators/{}",),
    "till_parts.html": ("/till", "/shifts/{}"),
    "receipt.html": ("/receipts/{}/{}",),
}


def source(name: str) -> str:
    """Return the text of a template with the templates that it includes."""
    text = (TEMPLATES / name).read_text()
    return _INCLUDE.sub(lambda found: source(found[1]), text)


def forms() -> dict[str, set[str]]:
    """Return the fields of every form that is posted, by the path it is sent to, with {} for each
    variable; forms of one path are one."""
    found: dict[str, set[str]] = {}
    for file in sorted(TEMPLATES.glob("*.html")):
        for attributes, content in _FORM.findall(source(file.name)):
            if 'method="post"' not in attributes:
                continue
            action = _ACTION.search(attributes)
            names = {_INSERTED.sub("1", name) for name in _NAME.findall(content)}
            targets = [action[1] if action else "", *_OTHER.findall(content)]
            for path in (one for target in targets for one in _paths(file.name, target)):
                found.setdefault(path, set()).update(names)
    return found


def _paths(template: str, action: str) -> list[str]:
    if not action.startswith("{{"):
        return [_INSERTED.sub("{}", action)]
    rest = _INSERTED.sub("{}", _INSERTED.sub("", action, count=1))
    return [beginning + rest for beginning in _BEGINNINGS[template]]
