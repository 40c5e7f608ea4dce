"""The wheel holds what it should, and works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.prefect_database import copy_database

ROOT = Path(__file__).parents[1]
PACKAGES = {"blocks", "cli", "deployments", "flows", "greenlight", "tasks"}

SCRIPT = """
import asyncio, sys
from greenlight.settings import read_settings
from greenlight.studio.server import StudioServer, StudioSettings
import cli.demo, greenlight, os, pathlib
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
home = pathlib.Path(sys.argv[1])
with StudioServer(StudioSettings(home=home / "studio", job_seconds=0)) as studio:
    os.environ |= {"DASHSCOPE_HTTP_BASE_URL": studio.base_url, "DASHSCOPE_API_KEY": "sk-local"}
    os.environ |= {"GREENLIGHT_HOME": str(home), "GREENLIGHT_POLL_SECONDS": "0.1"}
    from flows.portrait_to_video import portrait_to_video
    from greenlight.briefs.brief import Brief
    samples = cli.demo.samples()
    brief = Brief(models=("emo",), portrait=str(samples / "astronaut.png"), sound=str(samples / "hello.mp3"))
    state = asyncio.run(portrait_to_video(brief, return_state=True))
print(greenlight.__file__, samples, state.name, sep="\\n")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert any(name.endswith("face_landmark.tflite") for name in names)
    assert any(name == "cli/samples/hello.mp3" for name in names)
    assert {"greenlight/pages/templates/report.html", "greenlight/studio/page.css"} <= set(names)
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_an_installed_wheel_has_its_command_and_runs_a_flow(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    # The dependencies are borrowed as they are locked; the checkout is not on this path.
    (site,) = (environment / "lib").glob("python3*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    copy_database(tmp_path / ".prefect" / "prefect.db")
    elsewhere = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    helped = subprocess.run(
        [str(environment / "bin" / "greenlight"), "--help"],
        cwd=tmp_path,
        env=elsewhere,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "film" in helped.stdout
    ran = subprocess.run(
        [str(python), "-c", SCRIPT, str(tmp_path / "home")],
        cwd=tmp_path,
        env=elsewhere,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    package, samples, state = ran.stdout.splitlines()[-3:]
    assert package.startswith(str(environment))
    assert samples.startswith(str(environment))
    assert state == "Filmed"
    reported = subprocess.run(
        [str(environment / "bin" / "greenlight"), "report"],
        cwd=tmp_path,
        env=elsewhere | {"GREENLIGHT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert reported.stdout.startswith("The report on 1 portrait is ")
