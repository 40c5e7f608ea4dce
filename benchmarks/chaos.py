"""Let many seeded disasters come over briefs, and count what was paid twice or lost.

Every round is a new brief, real processes and a disaster: killed, stopped or suspended at the worst moments,
answers lost or replaced, clocks that are wrong, another account, books that are locked or restart. Afterwards
it is run again until it is quiet, and the studio's own record is held against the books.
`python -m benchmarks chaos [ROUNDS [SEED]]` plays so many rounds on SQLite, and a third of it on PostgreSQL.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.disasters import DISASTERS, ON_POSTGRESQL
from tests.chaos.rounds import run_round
from tests.chaos.scene import Outcome
from tests.chaos.world import World, world
from tests.postgresql import DURABLE, is_installed, run_server

ROUNDS = 300
SEED = 1
ON_POSTGRESQL_TOO = 3
"""One round on PostgreSQL for so many on SQLite."""


def main(arguments: list[str]) -> int:
    """Print the figures; return 1 if a video was paid twice, lost, or is another one's."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as here:
        failed = _report("SQLite", _play(here, DISASTERS, rounds, seed))
    if not is_installed():
        print("PostgreSQL is not installed, so its books were not tried")
        return int(failed > 0)
    with (
        tempfile.TemporaryDirectory() as folder,
        run_server(DURABLE) as server,
        world(Path(folder), server.make_database(), server) as here,
    ):
        shared = _play(here, ON_POSTGRESQL, rounds // ON_POSTGRESQL_TOO, seed + 1)
        failed += _report("PostgreSQL, with fsync", shared)
    return int(failed > 0)


def _play(here: World, disasters: Iterable[str], rounds: int, seed: int) -> list[Outcome]:
    """Let every disaster come about equally often, in an order that the seed decides."""
    chance = random.Random(seed)
    order = chance.sample(names := list(disasters), len(names))
    outcomes = []
    for number in range(rounds):
        outcome = run_round(here, order[number % len(order)], seed * 100_000 + number)
        outcomes.append(outcome)
        if outcome.complaints:
            told = ", ".join(outcome.complaints)
            print(f"  round {number}, {outcome.disaster}: {told}", flush=True)
    return outcomes


def _report(books: str, outcomes: list[Outcome]) -> int:
    """Print a line for every disaster and one for all; return how many rounds have a fault."""
    print(f"{books}: {len(outcomes)} rounds of chaos, {time.strftime('%H:%M:%S')}")
    print(f"  {'':44}rounds   paid   lost  by hand  checks  again")
    by_disaster = defaultdict(list)
    for outcome in outcomes:
        by_disaster[outcome.disaster].append(outcome)
    for disaster in sorted(by_disaster):
        _print_line(disaster, by_disaster[disaster])
    _print_line("all", outcomes)
    broken = sum(bool(outcome.complaints) for outcome in outcomes)
    print(f"  rounds with a fault: {broken}", flush=True)
    return broken


def _print_line(name: str, outcomes: list[Outcome]) -> None:
    paid = sum(outcome.accepted for outcome in outcomes)
    lost = sum(not outcome.is_stored for outcome in outcomes)
    by_hand = sum(outcome.asked for outcome in outcomes)
    checks = sum(outcome.checks for outcome in outcomes)
    again = sum(outcome.kills + outcome.lost for outcome in outcomes)
    # `again`: the kills and lost answers that a check may have to be paid again for.
    print(
        f"  {name:44}{len(outcomes):6}{paid:7}{lost:7}{by_hand:9}{checks:8}{again:7}",
        flush=True,
    )
