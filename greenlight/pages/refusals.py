"""Count refusals by model and by reason."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from greenlight.ledger.history import VerdictCount
from greenlight.pages.cards import shortened

MOST_REASONS: Final = 12
_FIGURE: Final = re.compile(r"\d+(\.\d+)?")


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
    """Return the reasons of refusals, the most frequent first, each with its share of all refusals.

    Reasons of one model that differ in their figures only are one, as `turned by … degrees`.
    """
    refused = [one for one in verdicts if not one.passed]
    total = sum(one.count for one in refused)
    alike: dict[tuple[str, str], list[VerdictCount]] = defaultdict(list)
    for one in refused:
        alike[one.family, _FIGURE.sub("…", _reason(one))].append(one)
    reasons = [
        Share(
            name=_reason(some[0]) if len(some) == 1 else words,
            count=sum(one.count for one in some),
            of=total,
            model=family,
        )
        for (family, words), some in alike.items()
    ]
    reasons.sort(key=lambda reason: -reason.count)
    rest = reasons[MOST_REASONS:]
    if rest:
        count = sum(reason.count for reason in rest)
        reasons[MOST_REASONS:] = [Share(f"{len(rest)} other reasons", count, total)]
    return reasons


def _reason(one: VerdictCount) -> str:
    return shortened(": ".join(filter(None, (one.code, one.reason)))) or "no reason given"
