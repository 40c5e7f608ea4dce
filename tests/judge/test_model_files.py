from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from greenlight.judge.network import MODELS

TOP = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("notice", [TOP / "NOTICE", MODELS / "NOTICE"], ids=["top", "beside"])
def test_every_model_file_stands_in_the_notice_with_its_sum(notice: Path) -> None:
    text = notice.read_text("utf-8")
    files = sorted(MODELS.glob("*.tflite"))
    assert len(files) == 3
    for file in files:
        after_its_name = text.split(file.name, 1)[1]
        assert hashlib.sha256(file.read_bytes()).hexdigest() in after_its_name


def test_the_licence_of_the_model_files_is_shipped() -> None:
    assert "Version 2.0, January 2004" in (TOP / "LICENSE").read_text("utf-8")
