"""Let many seeded disasters come over briefs, and count what was paid twice or lost.

Every round is a new brief, real processes and a disaster: killed at the worst moment, answers dropped or too
slow, a studio that goes away, a full disk, locked books. Afterwards it is run again until it is quiet, and
the studio's own record is held against the books. `python -m benchmarks chaos [ROUNDS [SEED]]`.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from tests.chaos.rounds import DISASTERS, Outcome, run_round, world
from tests.postgresql import is_installed, run_server

ROUNDS = 200
SEED = 1


def main(arguments: list[str]) -> int:
    """Print the figures; return 1 if a video was paid twice, lost or left in half."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    failed = _report("SQLite", _play(None, rounds, seed))
    if is_installed():
        with run_server() as server:
            failed += _report("PostgreSQL", _play(server.make_database(), rounds // 4, seed + 1))
    else:
        print("PostgreSQL is not installed, so its books were not tried")
    return int(failed > 0)


def _play(ledger_url: str | None, rounds: int, seed: int) -> list[Outcome]:
    # Every disaster comes about equally often, in an order that the seed decides.
    disasters = [DISASTERS[number % len(DISASTERS)] for number in range(rounds)]
    random.Random(seed).shuffle(disasters)
    outcomes = []
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), ledger_url) as here:
        for number, disaster in enumerate(disasters):
            outcome = run_round(here, disaster, seed * 100_000 + number)
            outcomes.append(outcome)
            if outcome.complaints:
                print(f"  round {number}, {disaster}: {', '.join(outcome.complaints)}")
    return outcomes


def _report(books: str, outcomes: list[Outcome]) -> int:
    broken = [outcome for outcome in outcomes if outcome.complaints]
    twice = sum(max(0, outcome.accepted - 1) for outcome in outcomes)
    stored = sum(outcome.job is not None and outcome.job.place is not None for outcome in outcomes)
    checks = sum(outcome.checks for outcome in outcomes)
    print(f"{books}: {len(outcomes)} rounds of chaos, {time.strftime('%H:%M:%S')}")
    print(f"  paid videos            {sum(outcome.accepted for outcome in outcomes)}")
    print(f"  paid twice             {twice}")
    print(f"  videos stored          {stored}, lost {len(outcomes) - stored}")
    print(
        f"  paid checks            {checks} ({checks - len(outcomes)} after a kill or a lost answer)"
    )
    print(f"  rounds with a fault    {len(broken)}")
    return len(broken)
