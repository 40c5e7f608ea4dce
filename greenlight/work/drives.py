"""Examine what drives a brief's videos, the sound and the motion, before any check is paid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from greenlight.briefs.brief import Brief, is_template_id
from greenlight.errors import InputError
from greenlight.media.recordings import (
    Motion,
    Sound,
    examine_motion,
    examine_sound,
    require_motion,
    require_sound,
)
from greenlight.modelstudio.family import Family, Role


@dataclass(frozen=True, slots=True)
class Drives:
    """A brief's sound and motion as they were found; `None` where the brief has none."""

    sound: Sound | None = None
    motion: Motion | str | None = None

    def of(self, family: Family) -> Sound | str | None:
        """Return what drives a family's video."""
        return self.motion if family.driven_by is Role.MOTION else self.sound


async def examine_drives(brief: Brief) -> Drives:
    """Return a brief's sound and motion; `InputError` if one of its models does not take them."""
    sound = await examine_sound(brief.sound) if brief.sound else None
    motion: Motion | str | None = brief.motion
    if brief.motion and not is_template_id(brief.motion):
        motion = await examine_motion(brief.motion)
    drives = Drives(sound, motion)
    require_drives(drives, brief.families())
    return drives


def require_drives(drives: Drives, families: Iterable[Family]) -> None:
    """Raise an `InputError` if one of the families does not take the sound or the motion."""
    for family in families:
        if drives.sound is not None and family.sound is not None:
            require_sound(drives.sound, family.sound)
        if family.motion is None:
            continue
        if isinstance(drives.motion, Motion):
            require_motion(drives.motion, family.motion)
        elif drives.motion is not None and family.template is None:
            raise InputError(
                f"is a template, and {family.name} needs a motion video itself",
                subject=drives.motion,
            )
