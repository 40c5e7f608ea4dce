"""Keep what was paid for and cannot be booked yet, in files beside the ledger, and book it later.

Every outcome may be booked twice: how a request ended first is how it stays.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from greenlight.errors import LedgerError, sentence
from greenlight.wording import visible

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request, as it is booked: the name of a booking, and what it needs as JSON."""

    booking: str
    facts: dict[str, Any] = field(default_factory=dict)
    told: str = ""
    """What was paid for, in words: `task 1234 was begun`; "" where nothing was."""

    def of(self, sent: Mapping[str, Any]) -> Outcome:
        """Return the outcome of one request in the books."""
        return replace(self, facts=self.facts | dict(sent))

    def not_booked(self, error: LedgerError, kept: Path | None) -> LedgerError:
        """Return the error that says what was paid, and where it is kept until it can be booked."""
        where = f"it is kept in {kept}, and is booked when the ledger is next used"
        what = self.told or "what became of the request could not be booked"
        advice = where if kept else "write it down"
        return LedgerError(
            sentence((f"{what}: {error.happened}", error.advice)), advice, spent=bool(self.told)
        )


class UnbookedOutcomes:
    """The outcomes of one ledger that wait in a folder; without a folder nothing is kept."""

    def __init__(
        self, folder: Path | None, shown: str, bookings: Mapping[str, Callable[..., None]]
    ) -> None:
        self._folder = folder
        self._shown = shown
        self._bookings = bookings

    def book(self, outcome: Outcome) -> None:
        """Write an outcome into the ledger."""
        self._bookings[outcome.booking](**outcome.facts)

    def keep(self, outcome: Outcome) -> Path | None:
        """Write an outcome into a file and return its path, or nothing if that cannot be done either."""
        if self._folder is None:
            return None
        path = self._folder / f"{secrets.token_hex(8)}.json"
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                # In ASCII, so that whatever the vendor has answered can be kept.
                json.dump({"ledger": self._shown, **asdict(outcome)}, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            return None
        return path

    def drop(self, kept: Path | None) -> None:
        """Delete the file of an outcome that is booked."""
        if kept is not None:
            with suppress(OSError):
                kept.unlink(missing_ok=True)

    def book_all(self) -> None:
        """Book what earlier processes could not; what cannot be booked now either stays where it is."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.json")):
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                if kept.pop("ledger") != self._shown:
                    continue
                self.book(Outcome(**kept))
            except LedgerError as error:
                if not error.spent:
                    continue
                logger.warning("%s", visible(str(error)))
            except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                # Another process has booked and deleted it, or it was damaged: a person may look at it.
                continue
            self.drop(path)
