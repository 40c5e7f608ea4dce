"""Say what a deployment of one's own, which is called in a model's place, may be named."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

LONGEST_NAME = 128
"""What the books have room for."""
RULE = f"a name has 1 to {LONGEST_NAME} letters, and no line break or other control character"


def expect_name(name: str) -> str:
    """Return the name of an own deployment; `ValueError` for one that no request or ledger can carry."""
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise ValueError(RULE)
    return name


DeploymentName = Annotated[str, AfterValidator(expect_name)]
