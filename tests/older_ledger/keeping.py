"""Keep a ledger as a file in the tests, away from the machine that it was made on, and open it on another."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

LEDGER = Path(__file__).parent / "ledger.db.gz"
CONTENTS = Path(__file__).parent / "contents.json"
SERVICE, FOLDER, BUCKET = "dashscope.aliyuncs.com:443", "/srv/portraits", "s3://portraits/"
"""What stands in the file for the service, the folder and the bucket that it was made with."""


def contents(moves: Mapping[str, str]) -> dict[str, Any]:
    """Return what is in the ledger, as `unpack` writes it: its checks, its films, and all of its jobs."""
    return dict(json.loads(moved(CONTENTS.read_text(), moves)))


def keep(ledger: Path, moves: Mapping[str, str], told: Mapping[str, list[Any]]) -> None:
    """Write a ledger and the list of what is in it to their files."""
    copy = ledger.with_name("copy.db")
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(copy)) as target:
        # The process that made it has it open still.
        source.backup(target)
    move(copy, moves)
    LEDGER.write_bytes(gzip.compress(copy.read_bytes(), mtime=0))
    lists = (f"{json.dumps(name)}: [\n{_lines(entries)}\n]" for name, entries in told.items())
    CONTENTS.write_text(moved("{" + ",\n".join(lists) + "}\n", moves))


def unpack(ledger: Path, moves: Mapping[str, str]) -> None:
    """Write a copy of the kept ledger to a file, as if it had been made here."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_bytes(gzip.decompress(LEDGER.read_bytes()))
    move(ledger, moves)


def move(ledger: Path, moves: Mapping[str, str]) -> None:
    """Let a ledger speak of another service, folder and bucket; nothing else of its keys changes."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for (table,) in tables:
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                if not kind.startswith(("VARCHAR", "TEXT")):
                    continue
                for old, new in _spelled(moves):
                    connection.execute(
                        f"UPDATE {table} SET {column} = replace({column}, ?, ?)",
                        (old, new),
                    )
        connection.commit()
        connection.execute("VACUUM")


def moved(text: str, moves: Mapping[str, str]) -> str:
    """Return a text that speaks of another service, folder and bucket."""
    for old, new in _spelled(moves):
        text = text.replace(old, new)
    return text


def _lines(entries: list[Any]) -> str:
    return ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)


def _spelled(moves: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each move as it is written in plain text, and within a key."""
    plain = list(moves.items())
    return plain + [(quote(old, safe=""), quote(new, safe="")) for old, new in plain]
