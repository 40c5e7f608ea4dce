"""Every link of a document leads somewhere, and every page is led to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from greenlight.modelstudio import catalog
from tests.docs.documents import DOCUMENTS, ROOT, SHOWS

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LONGEST_LINE = 120
PICTURES = sorted((ROOT / "docs" / "images").glob("*.png"))
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]


def prose_of(document: Path) -> str:
    return FENCE.sub("", document.read_text())


def anchors_of(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    headings = HEADING.findall(prose_of(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(document: Path) -> None:
    for link in LINK.findall(prose_of(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.is_file(), f"{document.name} leads to {link}"
        assert not anchor or anchor in anchors_of(target), f"{document.name} leads to {link}"


def test_the_readme_leads_to_the_index_and_that_to_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    assert "docs/README.md" in LINK.findall(prose_of(ROOT / "README.md"))
    led_to = {(index.parent / link).resolve() for link in LINK.findall(prose_of(index))}
    assert {one for one in DOCUMENTS if one.parent != ROOT} - led_to == {index}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_no_line_of_prose_is_too_long(document: Path) -> None:
    lines = prose_of(document).splitlines()
    long = [line for line in lines if len(line) > LONGEST_LINE and not line.startswith("|")]
    assert long == []


def test_a_picture_is_small() -> None:
    for picture in PICTURES:
        assert picture.stat().st_size < 200_000, picture


@pytest.mark.parametrize("picture", PICTURES, ids=lambda one: one.stem)
def test_a_picture_shows_a_model_that_stays(picture: Path) -> None:
    with Image.open(picture) as opened:
        shown = opened.info.get(SHOWS)
    assert shown, "take it by `python -m tests.docs.pictures`"
    assert not catalog.family(shown).is_retired


def test_the_readme_is_read_in_two_minutes() -> None:
    above, _, _ = (ROOT / "README.md").read_text().partition("\n## Documentation\n")
    assert len(above.split()) <= 450
