"""Let forty portraits go from a bucket to a bucket, with everything in between as real processes.

Nothing happens in between (`plain`), a worker is killed (`worker`), the Prefect server goes and comes back
(`server`), or an automation starts the runs (`event`): `python -m benchmarks endtoend [NAME [SEED]]`.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.endtoend.findings import Findings
from tests.endtoend.pipeline import Pipeline
from tests.endtoend.plan import Plan, make_plan
from tests.endtoend.story import Story, Trouble, ask_directly, no_trouble
from tests.endtoend.troubles import absent_server, begun_again, killed_worker
from tests.postgresql import PostgresServer, is_installed, run_server

PORTRAITS = 40
MODELS = ("emo", "liveportrait")
TROUBLES: dict[str, Trouble] = {
    "plain": no_trouble,
    "worker": killed_worker,
    "server": absent_server,
    "event": no_trouble,
}
LATEST_SECONDS = 1200.0
"""Long enough for a run that its dead worker had not begun, which is taken up after two minutes."""


def main(arguments: list[str]) -> int:
    """Tell what happens, and the figures; return 1 if anything is missing, wrong or paid twice."""
    if not is_installed():
        print("PostgreSQL is not installed, so nothing is tried")
        return 0
    # Of models whose end is announced; it is said of each once, and is not what is tried here.
    logging.getLogger("greenlight.modelstudio.catalog").setLevel(logging.ERROR)
    names = arguments[:1] or list(TROUBLES)
    seed = int(arguments[1]) if len(arguments) > 1 else time.time_ns() % 1_000_000
    with run_server() as server:
        return int(sum(_play(name, seed, server) for name in names) > 0)


def _play(name: str, seed: int, server: PostgresServer) -> int:
    plan = make_plan(PORTRAITS, seed)
    print(f"{name}: {PORTRAITS} portraits, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(
            Path(folder),
            server,
            models=",".join(MODELS),
            via="event" if name == "event" else "run",
            # A submit whose answer was lost with its process is adopted, as on an account of one's own.
            GREENLIGHT_EXCLUSIVE_ACCOUNT="on",
            GREENLIGHT_SETTLE_SECONDS="20",
        )
        try:
            complaints = _tell_story(name, pipeline, plan)
        except AssertionError as error:
            complaints = [str(error)]
    print(
        "\n".join(f"  {one}" for one in complaints) or "  nothing is missing, wrong or paid twice"
    )
    return int(bool(complaints))


def _tell_story(name: str, pipeline: Pipeline, plan: Plan) -> list[str]:
    began_at = time.monotonic()

    def tell(what: str) -> None:
        print(f"  {time.monotonic() - began_at:6.1f} s  {what}", flush=True)

    with pipeline.listening():
        findings = Findings(pipeline, plan, MODELS, ask_directly(MODELS))
        story = Story(pipeline, plan, findings, tell)
        story.send_poison()
        with pipeline.working():
            tell("everything runs")
            story.upload_everything(trouble=TROUBLES[name])
            _see_to_the_end(story)
            _tell_figures(story)
            is_killed = name == "worker"
            complaints = [
                *findings.wrong(),
                *findings.unknown(),
                *findings.paid_twice(killed=is_killed),
            ]
            if name in {"plain", "event"}:
                complaints += findings.ended_badly()
    findings.close()
    return complaints


def _see_to_the_end(story: Story) -> None:
    """Wait until no run is under way, sweep as every night, and wait for the rest."""
    findings = story.findings
    story.until_none("no run is under way", findings.unfinished, seconds=LATEST_SECONDS)
    for one in [*findings.undecided(), *findings.unordered()]:
        story.tell(f"left to the sweep: {one}")
    story.sweep()
    story.tell("the sweep has ended")
    story.until_none(
        "every video is ordered",
        findings.undecided,
        findings.unordered,
        findings.unfinished,
        seconds=LATEST_SECONDS,
    )
    story.until_none(
        "every video is stored, and nothing is left over",
        findings.unstored,
        findings.left_over,
        seconds=LATEST_SECONDS,
    )


def _tell_figures(story: Story) -> None:
    findings, pipeline = story.findings, story.pipeline
    counted = pipeline.counters()
    paid = [(one["model"], one["sha256"]) for one in counted["checks"] if one["paid"]]
    outcomes = Counter(row.outcome for row in findings.checks())
    states = Counter(job.state for job in findings.jobs())
    runs = Counter(
        run["state_name"] for run in pipeline.prefect.runs("on-upload", "portrait-to-video")
    )
    print(f"  paid checks            {len(paid)}, {len(paid) - len(set(paid))} of them again")
    print(f"  checks in the books    {_listed(outcomes)}")
    print(f"  paid submits           {len(counted['jobs'])}")
    print(f"  jobs in the books      {_listed(states)}")
    print(f"  runs                   {_listed(runs)}")
    for one in begun_again(pipeline):
        print(f"  begun again            {one}")
    for one in findings.ended_badly():
        print(f"  {one}")


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counted.most_common()) or "none"
