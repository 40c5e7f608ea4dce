"""Group what is called alike: `anna.png`, `anna.mp3`, `anna.mp4` and `anna.json` are one bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from greenlight.media.kinds import Kind, kind_of
from greenlight.media.place import name_of

READ_AS = {Kind.PICTURE: "portrait", Kind.SOUND: "sound-2", Kind.VIDEO: "motion-2"}
"""What is remembered of a content begins with this; it counts up when a kind is read otherwise than before.

Lengths were once believed as a header claims them. A clip and a motion are read alike.
"""


class Listed(Protocol):
    """A file or object as a listing tells of it."""

    @property
    def place(self) -> str:
        """Return where it lies, as it can be opened."""

    @property
    def seen(self) -> str:
        """Return what the listing alone identifies its content by."""


def stem_of(place: str) -> str:
    """Return the place without its ending, which all parts of a bundle share."""
    return place.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture, sound, video or json that may have to be read."""

    place: str
    kind: Kind
    seen: str = ""
    """What a listing identifies its content by; "" where no listing told of it."""

    @property
    def key(self) -> str:
        """Return what it is known by: one content may be a good video and no sound."""
        return f"{READ_AS.get(self.kind, self.kind)}:{self.seen or self.place}"


@dataclass(slots=True)
class Bundle:
    """What lies in one folder under one name."""

    stem: str
    """The place without an ending: `s3://uploads/2026/anna`."""
    parts: dict[Kind, list[Medium]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what people call it: `anna`."""
        return name_of(self.stem)

    @property
    def folder(self) -> str:
        """Return where it lies, without a slash at the end."""
        return self.stem.rpartition("/")[0]

    @property
    def is_in_s3(self) -> bool:
        """Whether it lies in a bucket, where others may put files than those who run Greenlight."""
        return self.stem.startswith("s3://")

    @property
    def everything(self) -> list[Medium]:
        """Return all parts."""
        return [one for parts in self.parts.values() for one in parts]

    def first(self, kind: Kind) -> Medium | None:
        """Return the part of a kind, or `None` where there is none (yet)."""
        return next(iter(self.parts.get(kind, [])), None)

    def medium_at(self, place: str, kind: Kind) -> Medium:
        """Return what lies at a place, which need not be one of the parts, to be read as a kind."""
        seen = next((one.seen for one in self.everything if one.place == place), "")
        return Medium(place, kind, seen)

    def add(self, listed: Listed) -> None:
        """Take a part in, if it is one."""
        kind = kind_of(listed.place)
        if kind is not None:
            self.parts.setdefault(kind, []).append(Medium(listed.place, kind, listed.seen))


def grouped(listing: Iterable[Listed]) -> Iterator[Bundle]:
    """Yield the bundles of a listing in the order of its places, as soon as each is complete.

    Between `anna.mp3` and `anna.png` there may lie `anna.old.png`, which is another bundle; so a bundle is
    complete once a place no longer begins with its stem and a dot. Few are open at any time.
    """
    open_bundles: dict[str, Bundle] = {}
    for listed in listing:
        for stem in [stem for stem in open_bundles if not listed.place.startswith(f"{stem}.")]:
            yield open_bundles.pop(stem)
        if kind_of(listed.place) is not None:
            stem = stem_of(listed.place)
            open_bundles.setdefault(stem, Bundle(stem)).add(listed)
    yield from open_bundles.values()
