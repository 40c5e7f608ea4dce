"""Count refusals by model and by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from greenlight.ledger.history import VerdictCount
from greenlight.pages.cards import shortened

MOST_REASONS: Final = 20


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    name: str
    count: int
    of: int
    model: str = ""

    @property
    def share(self) -> float:
        """Return the part, 0-1."""
        return self.count / self.of if self.of else 0.0


def refused_by_model(verdicts: Sequence[VerdictCount]) -> list[Share]:
    """Return how many checks of each family were refused."""
    asked: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for one in verdicts:
        asked[one.family] += one.count
        refused[one.family] += 0 if one.passed else one.count
    return [Share(family, refused[family], asked[family]) for family in sorted(asked)]


def refused_by_reason(verdicts: Sequence[VerdictCount]) -> list[Share]:
    """Return the reasons of refusals, the most frequent first, each with its part of all refusals."""
    refused = [one for one in verdicts if not one.passed]
    total = sum(one.count for one in refused)
    reasons = [Share(_reason(one), one.count, total, one.family) for one in refused]
    if len(reasons) <= MOST_REASONS:
        return reasons
    rest = sum(one.count for one in reasons[MOST_REASONS:])
    others = f"{len(reasons) - MOST_REASONS} other reasons"
    return [*reasons[:MOST_REASONS], Share(others, rest, total)]


def _reason(one: VerdictCount) -> str:
    return shortened(": ".join(filter(None, (one.code, one.reason)))) or "no reason given"
