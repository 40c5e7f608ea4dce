"""Try whether files can be made below a folder, without making any that stays."""

from __future__ import annotations

import tempfile
from pathlib import Path


def why_unwritable(folder: Path) -> str | None:
    """Return why nothing can be written below a folder, which need not be there yet; nothing if it can."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__
