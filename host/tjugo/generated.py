"""Files of the repository that are made from tables: written, or checked, by their content."""

import os
from collections.abc import Mapping
from pathlib import Path


def bring_up_to_date(files: Mapping[Path, str], check: bool) -> list[Path]:
    """Write the files whose content differs, each as a whole, and return their paths. check: write
    nothing. Raise OSError."""
    old = [p for p, text in files.items() if not p.exists() or p.read_text() != text]
    for path in [] if check else old:
        new = path.with_name(path.name + ".new")
        new.write_text(files[path])
        os.replace(new, path)
    return old
