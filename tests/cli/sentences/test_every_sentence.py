"""Every sentence in the code that a command can print stands in a snapshot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.cli.sentences.shell import SNAPSHOTS

ROOT = Path(__file__).parents[3]
ROOMS = ("cli", "deployments", "flows", "tasks", "blocks", "greenlight")
WORDS_OF_A_SENTENCE = 4
ELSEWHERE = {
    "greenlight/studio": "its answers are the vendor's part of a conversation",
    "greenlight/modelstudio/error_messages.py": "the vendor's words, which are looked for in its messages",
    "greenlight/pages": "a page in a browser, and artifacts",
    "greenlight/ledger/schema.py": "the reference's tables",
    "greenlight/ledger/migrations": "queries",
    "greenlight/ledger/costs.py": "queries",
    "greenlight/errors/advice.py": "what programs that call the core are advised, and its log",
    "flows/advice.py": "what Prefect's UI shows",
    "deployments/automations.py": "what Prefect's UI shows of automations",
    "tasks/artifacts.py": "pages in Prefect's UI",
}
"""What is read in another place than a terminal, and tested there."""
GUARD = "a guard, which only a mistake in this program would reach"
QUERY = "a query"
CLIENT = "for programs that use the client; commands say it in other words, or never do that"
LOST = "who loses a claim waits for who has it, and returns that one's answer"
BOTH_AWAY = "the answer is lost and the ledger is away at once, which the tests of paying see"
NO_PICTURE = "the studio answers as the vendor, and all others have no thumbnail or opinion then"
UNREACHED: dict[str, str] = {
    "a Brief has its own": "for programs that call it from Python",
    "a list's window is at most 24 hours long": GUARD,
    "a passed portrait has a face_bbox and an ext_bbox": GUARD,
    "a task has an id": GUARD,
    "a template is made from the URL of a motion video": GUARD,
    "a time without a zone is no moment": GUARD,
    "did not pass, so it is not filmed": GUARD,
    "that its own check has passed": GUARD,
    "films a clip, and a check looks at a portrait": GUARD,
    "is no portrait, and detectors look at portraits": GUARD,
    "a brief has one subject; give a portrait or a clip": "of forms and programs; a command takes one",
    "For no model at present": "what a form says of a clip, while no model films one",
    "has no task to follow": GUARD,
    "somebody else goes on with": LOST,
    "by now; run it again": LOST,
    "this request cannot be sent:": GUARD,
    "cannot be written down": "the studio's ids can all be; the tests of paying see one that cannot",
    "is a template, and": "no family of today takes a motion video itself; the walk of another shape sees it",
    "needs a motion video itself": "the same",
    "it came too late for its turn": "tried again by itself, with another start",
    "; it is asked again in": "a server that comes back slowly, which the tests of serving see",
    "it was stopped before": "whoever asked is stopped, and reads nothing any more",
    "The request was not sent": "tried again by itself, with a new time",
    "its time was over before it was sent whole": "tried again by itself, with a new time",
    "a video may have been begun": BOTH_AWAY,
    ", which cannot be booked": BOTH_AWAY,
    "a check may have cost": BOTH_AWAY,
    "what became of the request could not be booked": "of requests that cost nothing",
    "no JPEG has only": GUARD,
    "takes a ratio of": GUARD,
    "takes its own parameters only": GUARD,
    "the vendor fetches http://, https:// and oss:// only; upload the file": GUARD,
    "wan-s2v is priced by its own parameters": GUARD,
    "is empty or has characters that no": "a Prefect block's; the settings look at theirs before",
    "The call of Model Studio failed": "of the base of all its errors, none of which is only that",
    "The task cannot be cancelled": CLIENT,
    "it runs or is finished: collect it": CLIENT,
    "pixels, and nothing above 7000x7000 is decoded": NO_PICTURE,
    "the file is no JPEG, PNG, BMP or WebP picture": NO_PICTURE,
    "no frame of the video can be decoded": NO_PICTURE,
    "the picture is damaged or cut off": NO_PICTURE,
    "the results of runs are stored in": "what a worker's run says of an upload",
    ", where uploads arrive, so every result would start another run": "the same",
    "name another block in PREFECT_DEFAULT_RESULT_STORAGE_BLOCK": "the same",
    "`greenlight collect` closes the job": "what the report says of a job that is too old",
    "Is the server running": "a text of libpq, which is cut off there",
    "IN ROW EXCLUSIVE MODE": QUERY,
    "PRAGMA journal_mode = WAL": QUERY,
    "SET LOCAL lock_timeout = '": QUERY,
    "SET LOCAL synchronous_commit TO off": QUERY,
}
"""What no command can be brought to print, and why."""
FIELDS = {
    "description",
    "doc",
    "title",
    "help",
    "meaning",
    "default",
    "default_in_words",
    "task_run_name",
}
"""Texts that forms, `--help`, the reference and Prefect's UI show."""


@cache
def printed() -> str:
    """All that is printed in any snapshot, on one line, without what draws boxes."""
    files = sorted(SNAPSHOTS.rglob("*.txt"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return flat(
        re.sub(r"[│╭╮╰╯─┃━┏┓┗┛┡┩└┘┴┳]", " ", re.sub(r"^2> ?", "", text, flags=re.MULTILINE))
    )


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def modules() -> list[str]:
    found = (file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py")))
    names = (file.relative_to(ROOT).as_posix() for file in found)
    return [name for name in names if not name.startswith(tuple(ELSEWHERE))]


def sentences(module: str) -> Iterator[str]:
    """Yield the pieces of text between what is filled in, where they have the length of a sentence."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    left_out = {id(part) for node in ast.walk(tree) for part in not_printed(node)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in left_out
        ):
            # What a logger or an advice fills in is cut out too.
            for piece in re.split(r"%[-.\d]*[a-z]\b|\{\w+\}", node.value):
                if len(piece.split()) >= WORDS_OF_A_SENTENCE:
                    yield flat(piece)


def not_printed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield docstrings, and what describes fields."""
    if isinstance(node, ast.Expr):
        yield from ast.walk(node.value) if isinstance(node.value, ast.Constant) else ()
    elif isinstance(node, ast.keyword) and node.arg in FIELDS:
        yield from ast.walk(node.value)


@pytest.mark.parametrize("module", modules())
def test_every_sentence_is_in_a_snapshot(module: str) -> None:
    assert not [one for one in sentences(module) if one not in printed() and one not in UNREACHED]


def test_nothing_is_called_unreached_that_is_printed_or_gone() -> None:
    written = {one for module in modules() for one in sentences(module)}
    assert not [one for one in UNREACHED if one not in written or one in printed()]
