"""The labels of a receipt in the customer's language.

A language is a file in `languages`: label by key. Adding one is adding a file with every key.
"""

import json
from functools import lru_cache
from importlib import resources

DEFAULT = "en"
_FOLDER = resources.files("tjugo.station.receipts") / "languages"


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the languages that receipts are printed in."""
    names = (entry.name for entry in _FOLDER.iterdir() if entry.name.endswith(".json"))
    return tuple(sorted(name.removesuffix(".json") for name in names))


def known(language: str) -> bool:
    """Return whether receipts are printed in a language such as `fr` or `fr-CI`."""
    return _base(language) in languages()


def unknown(language: str) -> str:
    """Return the sentence about a language that receipts are not printed in."""
    return (
        f"There is no language {language!r} for receipts: write one of {', '.join(languages())}, "
        "with a region where that matters, such as pt-BR."
    )


@lru_cache(maxsize=32)
def labels(language: str) -> dict[str, str]:
    """Return the labels of a language such as `fr` or `fr-CI`, or those of English."""
    name = _base(language) if known(language) else DEFAULT
    found: dict[str, str] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def _base(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
