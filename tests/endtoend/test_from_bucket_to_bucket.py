"""From uploads to videos, with everything in between as real processes: the short version.

The long ones, with a worker that is killed and a server that goes and comes back, are benchmarks.
"""

from __future__ import annotations

from pathlib import Path

from tests.endtoend.findings import Findings
from tests.endtoend.pipeline import Pipeline
from tests.endtoend.plan import make_plan
from tests.endtoend.story import Story, ask_directly
from tests.postgresql import PostgresServer

PORTRAITS = 8
SEED = 1
MODELS = ("emo", "liveportrait")


def test_uploads_become_verdicts_and_videos_and_nothing_is_paid_twice(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    # The poison is dead after one try, where five would take five minutes.
    pipeline = Pipeline(
        tmp_path / "pipeline",
        postgres,
        models=",".join(MODELS),
        is_served=True,
        max_receives=1,
    )
    plan = make_plan(PORTRAITS, SEED)
    with pipeline.listening():
        findings = Findings(pipeline, plan, MODELS, ask_directly(MODELS))
        story = Story(pipeline, plan, findings, print)
        story.send_poison()
        with pipeline.working():
            story.upload_everything()
            story.until_none("every video is ordered", findings.undecided, findings.unordered)
            story.collect()
            story.until_none("every video is stored", findings.unstored)
            story.until_none("nothing is left over", findings.unfinished, findings.left_over)
            assert [*findings.wrong(), *findings.unknown()] == []
            assert [*findings.paid_twice()] == []
            assert [*findings.ended_badly()] == []
    findings.close()
