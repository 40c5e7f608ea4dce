"""Write docs/reference out of the code, or see with --check whether it still fits the code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from generator import command_line, events_and_states, flows, ledger, models, settings

REFERENCE = Path(__file__).parent / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "command-line.md": command_line.page,
    "events-and-states.md": events_and_states.page,
    "flows.md": flows.page,
    "ledger.md": ledger.page,
    "models.md": models.page,
    "settings.md": settings.page,
}


def main() -> int:
    """Write every page, or only say which ones are stale; return 1 if one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it would")
    parser.add_argument(
        "--out", type=Path, default=REFERENCE, help="the folder of the pages (docs/reference)"
    )
    asked = parser.parse_args()
    made = {asked.out / name: make() for name, make in PAGES.items()}
    stale = [path for path, text in made.items() if _read(path) != text]
    if asked.check:
        for path in stale:
            sys.stderr.write(f"{path} does not fit the code; run: python docs/generate.py\n")
        return int(bool(stale))
    asked.out.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(made[path])
    return 0


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
