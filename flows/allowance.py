"""Hold one run to what it may spend, its own checks and the films that it hands over together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from greenlight.errors import OverBudget


@dataclass(slots=True)
class Allowance:
    """What a run may spend; what is taken is counted as spent, at the most that it can come to."""

    max_cny: Decimal | None = None
    taken_cny: Decimal = Decimal(0)

    @classmethod
    def of(cls, max_cny: float | None, *, taken_cny: Decimal = Decimal(0)) -> Allowance:
        """Return what a run may still spend that has spent so much already."""
        return cls(None if max_cny is None else Decimal(str(max_cny)), taken_cny)

    def take(self, cny: Decimal) -> None:
        """Count one more price as spent, or raise `OverBudget` when it does not fit any more."""
        if self.max_cny is not None and self.taken_cny + cny > self.max_cny:
            raise OverBudget(
                f"the {self.max_cny.normalize():f} CNY of this run have no room: "
                f"{self.taken_cny.normalize():f} are spent or promised, and the next request may cost "
                f"{cny.normalize():f}"
            )
        self.taken_cny += cny
