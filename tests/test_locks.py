from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKED = re.compile(r"^([\w.-]+)(?:\[([\w, -]+)\])?==", re.MULTILINE)


def locked_extras(file: str) -> dict[str, set[str]]:
    found = LOCKED.findall((ROOT / file).read_text())
    return {canonicalize_name(name): set(re.split(r",\s*", extras)) for name, extras in found}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_names_the_extras_that_are_asked_for(file: str) -> None:
    """pip takes `name==1` as no pin of `name[extra]>=1`, and refuses the lock once there is a newer one."""
    locked = locked_extras(file)
    for name, extras in locked.items():
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            asked = canonicalize_name(needed.name)
            applies = needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in extras or {""}
            )
            if applies and asked in locked:
                assert needed.extras <= locked[asked], f"{name} asks for {text}"
