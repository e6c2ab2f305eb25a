"""Code that runs on a board, sent as source over its port; in MicroPython's subset."""

from pathlib import Path


def source(name: str) -> str:
    """Return the source of one of this package's modules, for Remote.exec()."""
    return (Path(__file__).parent / f"{name}.py").read_text()
