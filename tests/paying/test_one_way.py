"""There is one way to pay, through the books, and it warns of a model that will be switched off."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenlight.modelstudio import catalog
from tests.paying.conftest import Paid

ROOT = Path(__file__).parents[2]
CLIENT = Path("greenlight/modelstudio/client.py")
ROOMS = ("greenlight", "blocks", "tasks", "flows", "deployments", "cli")


def _payments(tree: ast.AST) -> list[str]:
    """Return whom a piece of code asks to pay, but for the payer, who books it."""
    asked = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    whom = [ast.unparse(one.value) for one in asked if one.attr == "pay"]
    return [name for name in whom if not name.endswith("payer")]


def test_only_who_books_a_request_sends_it() -> None:
    files = (file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    paying = {file.relative_to(ROOT) for file in files if _payments(ast.parse(file.read_text()))}
    assert paying == {CLIENT, Path("greenlight/paying/payer.py")}


def test_a_client_has_one_way_to_pay() -> None:
    functions = (
        node
        for node in ast.walk(ast.parse((ROOT / CLIENT).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert [function.name for function in functions if _payments(function)] == ["pay"]


@pytest.fixture
def _not_warned_yet() -> Iterator[None]:
    catalog.warn_of_retirement.cache_clear()
    yield
    catalog.warn_of_retirement.cache_clear()


@pytest.mark.usefixtures("_not_warned_yet")
async def test_who_pays_for_a_retiring_model_is_warned(
    paid: Paid, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await paid.pay()
    model = paid.pace.split()[-1]
    warnings = [text for text in caplog.messages if "announced to switch it off" in text]
    assert [text.split(":")[0] for text in warnings] == [model]
