"""Define what the vendor offers under one id: where it is called, what it costs, how fast, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal["check", "template", "video"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the vendor: where it is called, what it costs, how fast, and until when.

    `prices_cny` has one entry a price variant: for a check `{"image": ...}` per picture; for a
    video per second of output, by the variant that decides it ("1:1", "720P"), or `{"": ...}`
    where none does.
    """

    id: str
    kind: Kind
    path: str
    """Below the base address, without a trailing slash."""
    prices_cny: Mapping[str, Decimal]
    starts_per_second: int = 5
    running_at_once: int | None = None
    retires_on: date | None = None
    replaced_by: str = ""

    @property
    def is_asynchronous(self) -> bool:
        """Whether the vendor answers with a task instead of a result."""
        return self.kind != "check"
