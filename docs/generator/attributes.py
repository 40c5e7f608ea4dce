"""Read what stands below a name in the source: a docstring of its own, which Python does not keep."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType


def docs_of(module: ModuleType) -> dict[str, str]:
    """Return the docstrings of a module's names, and of those in its classes as `Class.NAME`."""
    tree = ast.parse(inspect.getsource(module))
    found = dict(_documented(tree.body))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}": text for name, text in _documented(node.body)}
    return found


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, following in pairwise(body):
        name = _assigned(statement)
        match following:
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                yield name, inspect.cleandoc(text)


def _assigned(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""
