"""Open all the books of one ledger together."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from greenlight.ledger.checks import PaidChecks
from greenlight.ledger.costs import Costs
from greenlight.ledger.database import Clock, Database
from greenlight.ledger.history import History
from greenlight.ledger.jobs import Jobs
from greenlight.ledger.leases import Leases
from greenlight.ledger.media import Media
from greenlight.ledger.pace import Pace
from greenlight.ledger.payments import Payments
from greenlight.ledger.promises import Promises
from greenlight.ledger.renewals import Renewals
from greenlight.ledger.standing import Standings
from greenlight.ledger.unbooked import UnbookedOutcomes

UNBOOKED = "unbooked"
"""The folder of what was paid and could not be booked."""


class Ledger:
    """The paid checks, the video jobs, the costs, the media, the leases and the pace of one database.

    The address is `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`; tables are made, or brought
    up to date, when it is opened. `home` is a folder of this machine for what cannot be booked yet, by
    default beside a SQLite file. Every call is synchronous and short: asynchronous code calls it in a
    thread. Whatever is wrong with the database is a `LedgerError`.
    """

    def __init__(self, url: str, *, clock: Clock | None = None, home: Path | None = None) -> None:
        self._database = Database(url, clock=clock)
        self.checks = PaidChecks(self._database)
        self.jobs = Jobs(self._database)
        self.costs = Costs(self._database)
        self.history = History(self._database)
        self.media = Media(self._database)
        self.leases = Leases(self._database)
        self.pace = Pace(self._database)
        self.payments = Payments(self._database)
        self.promises = Promises(self._database)
        self.renewals = Renewals(self._database)
        self.standings = Standings(self._database)
        folder = home / UNBOOKED if home else self._database.beside(UNBOOKED)
        self.unbooked = UnbookedOutcomes(
            folder,
            self._database.shown,
            {
                "check answered": self.checks.answered,
                "check uncertain": self.checks.uncertain,
                "check not paid": self.checks.not_paid,
                "check confirmed": self.checks.confirm,
                "job accepted": self.jobs.store_task,
                "job in doubt": self.jobs.mark_ambiguous,
                "job not accepted": self.jobs.not_accepted,
            },
        )
        self.unbooked.book_all()

    def now(self) -> datetime:
        """Return the time by the ledger's clock, which is the database's where machines share it."""
        with self._database.reading() as connection:
            return self._database.now(connection)

    def cost_of_run_cny(self, flow_run: str) -> Decimal:
        """Return what one flow run paid: its checks, and the jobs that it ordered and that ended."""
        checks = self.checks.cost_of_run_cny(flow_run)
        return checks + self.jobs.cost_of_run_cny(flow_run)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Ledger:
        """Open nothing more: the database was opened when the ledger was made."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database."""
        self.close()
