"""Looking whether the judge is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greenlight.doctor.findings import State
from greenlight.doctor.judge import examine_judge

ROOT = Path(__file__).parents[2]
LOOK = """
import json
from greenlight.doctor.judge import examine_judge
print(json.dumps([one.as_json() for one in examine_judge()]))
"""


def look_in_another_process(*path: Path) -> dict[str, str]:
    places = os.pathsep.join(str(one) for one in (*path, ROOT))
    environment = os.environ | {"PYTHONPATH": places}
    command = [sys.executable, "-c", LOOK]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, cwd=path[0])
    (found,) = json.loads(ran.stdout)
    return dict(found)


def test_a_judge_that_is_installed_looks_at_a_picture() -> None:
    (found,) = examine_judge()
    assert found.state is State.OK


def test_a_runtime_that_is_missing_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "ai_edge_litert"
    absent.mkdir()
    (absent / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module named ai_edge_litert', name='ai_edge_litert')"
    )
    found = look_in_another_process(tmp_path)
    assert found["state"] == "broken"
    assert found["sentence"].startswith("it is not installed: ai_edge_litert is missing")
    assert "pip install ai-edge-litert" in found["advice"]


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_model_file_that_cannot_be_read_is_named(tmp_path: Path, harm: str) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "greenlight", tmp_path / "greenlight", ignore=ignored)
    model = tmp_path / "greenlight/judge/models/pose_detection.tflite"
    model.unlink() if harm == "missing" else model.write_bytes(b"damaged")
    found = look_in_another_process(tmp_path)
    assert found["state"] == "broken"
    assert "its model files cannot be read" in found["sentence"]
