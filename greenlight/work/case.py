"""Hold what is known of a brief, whoever found it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from greenlight.briefs.brief import Brief
from greenlight.media.subjects import Subject
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.drives import Drives


@dataclass(slots=True)
class Case:
    """A brief, what it is made of as it was found, and what has come of it so far."""

    brief: Brief
    subject: Subject
    drives: Drives
    out: str = "."
    """Where the video goes."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By the family's name."""
    template_id: str | None = None
    """What the motion has become, where a family needs it as a template."""

    def without(self, family: Family) -> Case:
        """Return the case of the other families, as if this one had refused the subject."""
        others = tuple(name for name in self.brief.models if name != family.name)
        return replace(self, brief=self.brief.model_copy(update={"models": others}))

    def judged(self) -> tuple[Family | None, list[Verdict]]:
        """Return the family that passes or is to be asked next, if there is one, and the verdicts so far."""
        return judged(self.brief.families(), lambda family: self.verdicts.get(family.name))


def judged(
    families: Iterable[Family], verdict_of: Callable[[Family], Verdict | None]
) -> tuple[Family | None, list[Verdict]]:
    """Return the first family that passes or has no verdict yet, if there is one, and those so far."""
    verdicts: list[Verdict] = []
    for family in families:
        verdict = verdict_of(family)
        if verdict is not None:
            verdicts.append(verdict)
        if verdict is None or verdict.passed:
            return family, verdicts
    return None, verdicts
