"""The index of the fixture files names what is there, and every discrepancy has a case that runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "modelstudio"
SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
DISCREPANCIES = range(1, 24)
# The areas that the replay runs; those of uploads have tests of their own.
REPLAYED = {"animate_anyone", "emo", "errors", "liveportrait", "tasks", "wan_s2v"}


def _rows() -> dict[int, list[str]]:
    text = (FIXTURES / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (.+) \|$", text, re.MULTILINE)
    return {int(number): re.findall(r"`([^`]+)`", cases) for number, cases in rows}


def _samples() -> list[Path]:
    return sorted(FIXTURES.glob("*/document_*"))


def test_every_discrepancy_has_a_row() -> None:
    assert sorted(_rows()) == list(DISCREPANCIES)


@pytest.mark.parametrize("number", DISCREPANCIES)
def test_every_discrepancy_has_cases_that_are_replayed(number: int) -> None:
    cases = _rows()[number]
    assert cases
    for case in cases:
        assert case.split("/")[0] in REPLAYED
        for file in ("request.json", "response.json", "expected.json"):
            assert (FIXTURES / case / file).is_file()


def test_every_case_that_the_index_names_is_there() -> None:
    named = re.findall(r"`(\w+/\w+)`", (FIXTURES / "README.md").read_text())
    assert named
    assert [case for case in named if not (FIXTURES / case / "response.json").is_file()] == []


def test_every_sample_of_a_document_is_named_in_the_index() -> None:
    text = (FIXTURES / "README.md").read_text()
    assert [
        s.name for s in _samples() if f"`{s.relative_to(FIXTURES).as_posix()}`" not in text
    ] == []


@pytest.mark.parametrize("sample", _samples(), ids=lambda sample: sample.name)
def test_a_raw_sample_says_the_same_as_its_parsed_copy(sample: Path) -> None:
    response = json.loads((sample / "response.json").read_text())
    raw = sample / "response.raw.txt"
    if not raw.exists() or "body" not in response:
        assert "body" in response or raw.exists()
        return
    without_comments = re.sub(r"\s#.*$", "", raw.read_text(), flags=re.MULTILINE)
    assert json.loads(without_comments) == response["body"]


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the vendor's documents lie beside the checkout")
@pytest.mark.parametrize("sample", _samples(), ids=lambda sample: sample.name)
def test_a_sample_stands_in_its_document_letter_by_letter(sample: Path) -> None:
    documents = [_squeezed(document.read_text()) for document in SEEDS.glob("*.txt")]
    response = json.loads((sample / "response.json").read_text())
    raw = sample / "response.raw.txt"
    text = raw.read_text() if raw.exists() else json.dumps(response["body"])
    assert any(_squeezed(text) in document for document in documents)


def _squeezed(text: str) -> str:
    return "".join(text.split())
