"""Open all the books of one ledger together."""

from __future__ import annotations

from decimal import Decimal
from types import TracebackType

from greenlight.ledger.checks import PaidChecks
from greenlight.ledger.database import Database
from greenlight.ledger.jobs import Jobs
from greenlight.ledger.leases import Leases
from greenlight.ledger.pace import Pace


class Ledger:
    """The paid checks, the video jobs, the leases and the pace of one database.

    Every call is synchronous and short: asynchronous code calls it in a thread.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self.checks = PaidChecks(self._database)
        self.jobs = Jobs(self._database)
        self.leases = Leases(self._database)
        self.pace = Pace(self._database)

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
