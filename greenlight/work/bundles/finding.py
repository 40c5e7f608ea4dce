"""Find bundles: all below a prefix or a folder, or the one that an object belongs to."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from greenlight.errors import InputError
from greenlight.media.files import seen_of_file
from greenlight.media.kinds import kind_of
from greenlight.media.listing import list_objects
from greenlight.work.bundles.bundle import Bundle, Listed, grouped, stem_of
from greenlight.work.bundles.casting import may_have_subject

logger = logging.getLogger(__name__)
AT_ONCE = 500
"""Bundles that are looked at together: about as many as a page of a bucket's listing holds."""


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder as its listing tells of it."""

    place: str
    seen: str
    """Empty where it cannot be looked at."""


def bundles_in(place: str, models: Collection[str] = ()) -> Iterator[list[Bundle]]:
    """Yield the bundles below `s3://bucket/prefix/` or a folder, some hundreds at a time.

    Only what a listing says is read, a page when it is needed. Bundles are left out that have nobody whom
    the models film; without models that is any model. Raises `InputError` when there is nothing to be listed.
    """
    listing: Iterable[Listed] = (
        chain.from_iterable(list_objects(place))
        if place.startswith("s3://")
        else _files_below(place)
    )
    page: list[Bundle] = []
    for bundle in grouped(listing):
        if may_have_subject(bundle, models):
            page.append(bundle)
        if len(page) >= AT_ONCE:
            yield page
            page = []
    if page:
        yield page


def bundle_of(place: str) -> Bundle | None:
    """Return the bundle that a file or object belongs to, as it lies there now.

    `None` for a file that belongs to no bundle.
    """
    if kind_of(place) is None:
        return None
    stem = stem_of(place)
    bundle = Bundle(stem)
    listing: Iterable[Listed] = (
        chain.from_iterable(list_objects(f"{stem}."))
        if place.startswith("s3://")
        else _files_below(str(Path(stem).parent), deep=False)
    )
    for listed in listing:
        if stem_of(listed.place) == stem:
            bundle.add(listed)
    return bundle


def _files_below(folder: str, *, deep: bool = True) -> Iterator[FolderFile]:
    # Path's own raises for a user that does not exist.
    root = Path(os.path.expanduser(folder))  # noqa: PTH111
    if not root.is_dir():
        raise InputError("is not a folder", "give one, or s3://bucket/prefix/", subject=folder)
    for directory, folders, names in os.walk(root, onerror=_tell):
        folders[:] = sorted(name for name in folders if deep and not name.startswith("."))
        for name in sorted(names):
            if kind_of(name) is not None:
                yield from _listed(Path(directory, name).absolute())


def _tell(error: OSError) -> None:
    raise InputError(f"cannot be listed ({error.strerror})", subject=error.filename) from None


def _listed(path: Path) -> Iterator[FolderFile]:
    if not _is_unicode(str(path)):
        logger.warning("%r is ignored, because its name is not UTF-8; rename it", str(path))
        return
    try:
        yield FolderFile(str(path), seen_of_file(path))
    except FileNotFoundError:
        # What was deleted meanwhile is no longer there to be listed.
        return
    except OSError:
        # Why it cannot be read is told where it is.
        yield FolderFile(str(path), "")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
