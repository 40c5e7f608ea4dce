"""Run every benchmark, or one: `python -m benchmarks [NAME [ARGUMENT...]]`."""

from __future__ import annotations

import sys

from benchmarks import chaos, check, endtoend, judge, pace, sweep, uploads

BENCHMARKS = {
    "judge": judge.main,
    "check": check.main,
    "pace": pace.main,
    "chaos": chaos.main,
    "sweep": sweep.main,
    "uploads": uploads.main,
    "endtoend": endtoend.main,
}


def main(arguments: list[str]) -> int:
    """Run the named benchmark with its arguments, or all; return 1 if one is worse than promised."""
    if arguments:
        return BENCHMARKS[arguments[0]](arguments[1:])
    failed = 0
    for name, benchmark in BENCHMARKS.items():
        print(f"\n{name}", flush=True)
        failed += benchmark([])
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
