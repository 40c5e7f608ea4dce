"""Run every benchmark: `python -m benchmarks [NAME...]`."""

from __future__ import annotations

import sys

from benchmarks import check, judge

BENCHMARKS = {"judge": judge.main, "check": check.main}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 if one is worse than promised."""
    failed = 0
    for name in names or BENCHMARKS:
        print(f"\n{name}")
        failed += BENCHMARKS[name]([])
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
