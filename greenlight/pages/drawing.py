"""Draw a page from its template; all that comes from outside is escaped."""

from __future__ import annotations

import errno
import functools
import os
import secrets
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from greenlight.errors import InputError


def draw(template: str, **values: object) -> str:
    """Return the page that a template of this package gives with these values."""
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cny": _cny, "percent": _percent}
    return environment


def _cny(amount: Any) -> str:
    return f"{amount:,.3f}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share in {0, 1} or 0.1 <= share <= 0.99 else f"{share:.1%}"


def write_page(text: str, file: Path) -> Path:
    """Write a page whole or not at all, and return its full path; `InputError` if it cannot be."""
    file = Path(os.path.abspath(file.expanduser()))  # noqa: PTH100 - links stay as the user named them
    if os.path.isdir(file):  # noqa: PTH112 - Path's own raises for some names
        raise InputError(
            "is a directory", f"give a file like {file / 'report.html'}", subject=str(file)
        )
    part = file.with_name(f".{secrets.token_hex(4)}.part")
    try:
        _make_folder(file.parent)
        try:
            part.write_text(text, encoding="utf-8", errors="replace")
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"the page cannot be written to {file} ({error.strerror})", "give another place"
        ) from None
    return file


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
