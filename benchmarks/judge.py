"""Measure what looking at a photograph costs: `python benchmarks/judge.py [PHOTOGRAPH...]`."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from greenlight.judge import Judge

PHOTOGRAPHS = Path(__file__).resolve().parents[1] / "tests" / "photos"
FORMATS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
ROUNDS = 5
MAX_MEDIAN_MS = 35
MAX_PEAK_MB = 250


def main(arguments: list[str]) -> int:
    """Print the figures; return 1 if one is worse than promised."""
    photographs = [Path(one) for one in arguments] or _committed()
    judge = Judge()
    judge.look_at(photographs[0])
    median_ms = statistics.median(
        _seconds(judge, one) * 1000 for _ in range(ROUNDS) for one in photographs
    )
    alone_mb = _peak_mb()
    per_second = _photographs_per_second(judge, photographs * ROUNDS)
    print(f"photographs            {len(photographs)}, each {ROUNDS} times")
    print(f"median                 {median_ms:.1f} ms (at most {MAX_MEDIAN_MS})")
    print(f"peak memory            {alone_mb:.0f} MB (at most {MAX_PEAK_MB})")
    print(f"two threads            {per_second:.0f} photographs a second, {_peak_mb():.0f} MB")
    return int(median_ms > MAX_MEDIAN_MS or alone_mb > MAX_PEAK_MB)


def _committed() -> list[Path]:
    return sorted(one for one in PHOTOGRAPHS.iterdir() if one.suffix in FORMATS)


def _seconds(judge: Judge, photograph: Path) -> float:
    began = time.perf_counter()
    judge.look_at(photograph)
    return time.perf_counter() - began


def _photographs_per_second(judge: Judge, photographs: list[Path]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(judge.look_at, photographs))
    return len(photographs) / (time.perf_counter() - began)


def _peak_mb() -> float:
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
