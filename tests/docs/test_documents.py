"""Every command of every document does what the document says, typed in its order into real shells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, GOES_ON_IN, ROOT, Block, blocks_in_turn, blocks_of
from tests.docs.shapes import has_shape
from tests.docs.surroundings import Surroundings, await_shape, check_out, surroundings, wait_until
from tests.docs.terminals import Terminal, Typed

WITH_COMMANDS = [
    document
    for document in DOCUMENTS
    if document not in GOES_ON_IN.values()
    and any(not block.not_run for block in blocks_of(document))
]
INSTALLS = "make installs from the network, and CI runs it"
PAYS = "it needs a key and pays"
NOT_RUN = {
    ("README.md", INSTALLS),
    ("README.md", PAYS),
    ("docs/tutorial.md", INSTALLS),
    ("docs/tutorial.md", PAYS),
    ("docs/how-to/more-machines.md", "it is for a PostgreSQL server of yours"),
    ("docs/how-to/more-machines.md", "the tests have one server, on SQLite, for all pages"),
    ("docs/how-to/more-machines.md", "it needs a queue, as in deploy.md"),
    ("docs/how-to/more-machines.md", "it needs Docker"),
    ("docs/how-to/more-machines.md", "it needs a Kubernetes cluster"),
    ("docs/how-to/when-something-goes-wrong.md", "moto moves no messages"),
}
"""Everything in the documents that is not tried here, and why."""


ARRIVES = {"automations": "It is at s3://my-videos/videos/anna-wan-s2v-1e91d55e.mp4"}
"""What the reader of a document gets by mail in the end."""


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    with surroundings(tmp_path_factory.mktemp("shared")) as found:
        yield found


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda one: one.stem)
def test_what_a_document_tells_to_type_does_what_it_says(
    document: Path, around: Surroundings, tmp_path: Path
) -> None:
    with ExitStack() as exits:
        reader = Reader(around, tmp_path, exits)
        for block in blocks_in_turn(document):
            if not block.not_run:
                reader.type(block)
        if said := ARRIVES.get(document.stem):
            wait_until(lambda: any(said in one for one in around.receivers.mail), lambda: said)
    around.clear()


def test_what_is_not_tried_here_is_little_and_has_a_reason() -> None:
    blocks = [block for document in DOCUMENTS for block in blocks_of(document)]
    not_run = {(str(b.document.relative_to(ROOT)), b.not_run) for b in blocks if b.not_run}
    assert not_run == NOT_RUN
    assert all(
        not block.manner
        or block.not_run
        or block.code
        or block.goes_on
        or block.starts_again
        or block.is_repeated
        for block in blocks
    )


class Reader:
    """Somebody who sits before a checkout and types a document."""

    def __init__(self, around: Surroundings, folder: Path, exits: ExitStack) -> None:
        self._around = around
        self._folder = folder
        self._exits = exits
        self._checkout = check_out(folder)
        self._terminals = 0
        self._going_on: dict[str, Terminal] = {}
        self._terminal = self._open()

    def _open(self) -> Terminal:
        self._terminals += 1
        notes = self._folder / f"terminal-{self._terminals}"
        environ = self._around.environ(self._folder / "home", self._checkout)
        return self._exits.enter_context(Terminal(self._checkout, environ, notes))

    def type(self, block: Block) -> None:
        if block.goes_on:
            self._begin(block)
        elif block.starts_again:
            self._going_on[block.program].interrupt()
            self._begin(block)
        elif block.is_repeated:
            self._repeat(block)
        else:
            typed = self._type(block)
            _expect(block, typed, self._here(block.shown))

    def _begin(self, block: Block) -> None:
        assert block.shown is not None, f"{block} does not show when it is ready"
        if not self._around.start_shared(block):
            terminal = self._open()
            terminal.begin(self._here(block.text) or "")
            self._going_on[block.program] = terminal
            await_shape(terminal, self._here(block.shown) or "", block)

    def _repeat(self, block: Block) -> None:
        typed: list[Typed] = []

        def is_so() -> bool:
            typed.append(self._type(block))
            return has_shape(typed[-1].printed, self._here(block.shown) or "")

        wait_until(is_so, lambda: f"{block}: {typed[-1]}")

    def _type(self, block: Block) -> Typed:
        return self._terminal.type(self._here(block.text) or "", block.language)

    def _here(self, text: str | None) -> str | None:
        return None if text is None else self._around.here(text, self._checkout)


def _expect(block: Block, typed: Typed, shown: str | None) -> None:
    assert typed.code == block.code, f"{block}: {typed}"
    if not block.code:
        assert not typed.failed, f"{block}: {typed}"
    if shown is not None:
        assert has_shape(typed.printed, shown), f"{block} printed:\n{typed.printed}"
