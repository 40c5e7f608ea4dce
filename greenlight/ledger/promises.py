"""Hold part of a run's budget back for each film that it hands over, until the film's run has ended.

A promise is made before the run that films is created, and counts in full while it is open: what that run
pays is within it. When the run ends, only what it has paid or reserved counts. A run that crashed and begins
again finds its promises, so it neither promises twice nor forgets one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from greenlight.ledger.budgets import Budget, keep_within, names_of, used_cny
from greenlight.ledger.database import Database
from greenlight.ledger.schema import film_runs, promises

VIDEO = "this video"


class Promises:
    """What runs have promised to the films that they handed over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def require_room(self, budget: Budget, price_cny: Decimal, what: str) -> None:
        """Raise `OverBudget` if a price does not fit into a run's budget now; nothing is held back."""
        with self._database.reading() as connection:
            self._keep_within(connection, budget, price_cny, what)

    def make(self, budget: Budget, film: str, price_cny: Decimal) -> int:
        """Return the number of a run's open promise for a film, made now if there is none.

        Raises `OverBudget` if the price does not fit into the run's budget any more.
        """
        its = (promises.c.run == budget.run, promises.c.film == film, promises.c.is_open)
        with self._database.writing(*names_of([budget], "")) as connection:
            made = connection.execute(select(promises.c.id).where(*its)).scalar_one_or_none()
            if made is not None:
                return int(made)
            self._keep_within(connection, budget, price_cny, VIDEO)
            row = {
                "run": budget.run,
                "max_cny": budget.max_cny,
                "film": film,
                "promised_cny": price_cny,
                "is_open": True,
            }
            new = insert(promises).values(row).returning(promises.c.id)
            return int(connection.execute(new).scalar_one())

    def take(self, promise_id: int, flow_run: str) -> None:
        """Let what a film run pays count for a promise; taken again, nothing changes.

        One that was released meanwhile is held back again; `OverBudget` if there is no room for it any more.
        """
        with self._database.reading() as connection:
            budget = _budget_of(_row(connection, promise_id))
        with self._database.writing(*names_of([budget], "")) as connection:
            promise = _row(connection, promise_id)
            is_taken = select(film_runs.c.id).where(film_runs.c.flow_run == flow_run)
            if connection.execute(is_taken).first() is None:
                row = {"flow_run": flow_run, "promise_id": promise_id}
                connection.execute(insert(film_runs).values(row))
            if promise.is_open:
                return
            film = Budget(max_cny=promise.promised_cny, scope="run", run=flow_run)
            paid_cny = used_cny(connection, film, self._database.now(connection))
            self._keep_within(connection, budget, promise.promised_cny - paid_cny, VIDEO)
            _set_open(connection, promise_id, is_open=True)

    def release(self, promise_id: int, flow_run: str = "") -> None:
        """Close a promise because a film run has ended, unless another one has gone on with it since.

        Without a run, it is closed if none has taken it.
        """
        with self._database.writing() as connection:
            _row(connection, promise_id)
            takers = select(film_runs.c.flow_run).where(film_runs.c.promise_id == promise_id)
            newest = connection.execute(takers.order_by(film_runs.c.id.desc()).limit(1))
            if (newest.scalar_one_or_none() or "") == flow_run:
                _set_open(connection, promise_id, is_open=False)

    def _keep_within(
        self, connection: Connection, budget: Budget, price_cny: Decimal, what: str
    ) -> None:
        at = self._database.now(connection)
        keep_within(connection, [budget], "", price_cny, at=at, what=what)


def _row(connection: Connection, promise_id: int) -> Row[Any]:
    """Return a promise, for the rest of the transaction."""
    this = select(promises).where(promises.c.id == promise_id)
    return connection.execute(this.with_for_update()).one()


def _budget_of(promise: Row[Any]) -> Budget:
    return Budget(max_cny=promise.max_cny, scope="run", run=promise.run)


def _set_open(connection: Connection, promise_id: int, *, is_open: bool) -> None:
    this = update(promises).where(promises.c.id == promise_id)
    connection.execute(this.values(is_open=is_open))
