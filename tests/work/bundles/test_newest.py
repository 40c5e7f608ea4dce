"""Just before a clip is filmed, what lies beside it decides once more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from greenlight.briefs.brief import Brief
from greenlight.ledger import Ledger
from greenlight.modelstudio.family import Family
from greenlight.work.bundles import BriefDefaults, bundle_of
from greenlight.work.bundles.newest import newest_brief
from greenlight.work.bundles.steps import Film, Read, next_step
from greenlight.work.bundles.surveying import Surveyor
from tests.conftest import SAMPLES, make_sound
from tests.studio.conftest import make_clip

SERVICE = "studio:80"
pytestmark = pytest.mark.usefixtures("lips")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    make_sound(tmp_path / "anna.wav", seconds=2)
    return make_clip(tmp_path / "anna.mp4", SAMPLES / "astronaut.png", seconds=2)


@pytest.fixture
def surveyor(ledger: Ledger) -> Surveyor:
    return Surveyor(ledger=ledger, service=SERVICE, defaults=BriefDefaults(models=("lips",)))


async def test_a_json_that_came_since_decides(clip: Path, surveyor: Surveyor) -> None:
    old = Brief(clip=str(clip), models=("lips",), sound=str(clip.with_suffix(".wav")))
    newest = await newest_brief(old, surveyor)
    assert newest == old
    clip.with_suffix(".json").write_text('{"take": 2}')
    newest = await newest_brief(old, surveyor)
    assert newest == old.model_copy(update={"take": 2})


async def test_a_clip_that_is_gone_leaves_its_brief(clip: Path, surveyor: Surveyor) -> None:
    old = Brief(clip=str(clip), models=("lips",))
    clip.unlink()
    # A picture is nobody for a model that films a clip.
    shutil.copy(SAMPLES / "astronaut.png", clip.with_suffix(".png"))
    assert await newest_brief(old, surveyor) is old


async def test_the_same_clip_and_sound_elsewhere_are_the_same_run(
    clip: Path, surveyor: Surveyor, lips: Family, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for part in (clip, clip.with_suffix(".wav")):
        shutil.copy(part, other)
    keys = set()
    for place in (clip, other / clip.name):
        bundle = bundle_of(str(place))
        assert bundle is not None
        (bundle_state,) = await surveyor.survey([bundle])
        while isinstance(step := next_step(bundle_state), Read):
            await surveyor.read(bundle_state, step)
        assert isinstance(step, Film)
        assert step.verdicts == [lips.unchecked()]
        assert bundle_state.subject is not None
        keys.add(step.key(SERVICE, bundle_state.subject.identity))
    assert len(keys) == 1
