"""Examine who is filmed: a portrait, or a clip of a person."""

from __future__ import annotations

from typing import Final

from greenlight.media.kinds import Kind
from greenlight.media.portraits import Portrait, examine
from greenlight.media.recordings import Clip, examine_clip
from greenlight.modelstudio.family import Role

Subject = Portrait | Clip
KIND_OF: Final = {
    Role.PORTRAIT: Kind.PICTURE,
    Role.CLIP: Kind.VIDEO,
    Role.SOUND: Kind.SOUND,
    Role.MOTION: Kind.VIDEO,
}
"""What the file of a role is."""


async def examine_subject(place: str, role: Role) -> Subject:
    """Return what the portrait or the clip at a place is; `InputError` says why it cannot be one."""
    return await (examine_clip(place) if role is Role.CLIP else examine(place))


def role_of(subject: Subject) -> Role:
    """Return whether it is a portrait or a clip."""
    return Role.CLIP if isinstance(subject, Clip) else Role.PORTRAIT
