"""Hold what came of the uploads against what should have, as lists of complaints."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import av
from sqlalchemy import Row, create_engine, select

from greenlight.ledger import schema
from greenlight.media.s3 import split_s3
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Verdict
from tests.endtoend.pipeline import FLOWS, QUEUE, VIDEOS, Pipeline
from tests.endtoend.plan import Plan, Sitter

Answers = Mapping[tuple[str, str], Verdict]
"""What the studio says of a picture and a family when it is asked directly."""
WELL_ENDED = {
    "Done",
    "Filmed",
    "Filming",
    "Handed over",
    "Rejected",
    "Swept",
    "Waiting for sound",
    "Waiting for portrait",
}
UNFINISHED = {"SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"}


@dataclass
class Findings:
    """What was uploaded, what should come of it, and where that can be seen."""

    pipeline: Pipeline
    plan: Plan
    models: tuple[str, ...]
    answers: Answers
    identities: dict[str, str] = field(default_factory=dict)
    """What the books call each content that was uploaded, by its key; the newest counts."""
    pictures: dict[str, str] = field(default_factory=dict)
    """Which picture each identity shows, those that were overwritten too."""
    _seen_to_play: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._engine = create_engine(self.pipeline.books_url)

    def close(self) -> None:
        self._engine.dispose()

    def checks(self) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(select(schema.checks).order_by(schema.checks.c.id)))

    def jobs(self) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(select(schema.jobs).order_by(schema.jobs.c.id)))

    def asked_of(self, sitter: Sitter) -> list[Verdict]:
        """Return the verdicts on the newest portrait, up to the first that lets it pass."""
        verdicts = []
        models: Any = sitter.told.get("models", self.models)
        for model in models:
            verdicts.append(self.answers[str(sitter.newest.picture), model])
            if verdicts[-1].passed:
                break
        return verdicts

    def undecided(self) -> Iterator[str]:
        """Complain of each newest portrait that has no verdict in the books."""
        answered = {
            (row.family, row.portrait) for row in self.checks() if row.outcome == "answered"
        }
        for sitter in self.plan.everybody:
            for verdict in self.asked_of(sitter):
                key = verdict.model, self.identities.get(sitter.newest.key)
                if verdict.by == "vendor" and key not in answered:
                    yield f"no verdict of {verdict.model} on {sitter.newest.key}"

    def wrong(self) -> Iterator[str]:
        """Complain of each verdict, of overwritten portraits too, that is not the studio's own."""
        for row in self.checks():
            if row.outcome != "answered":
                continue
            if row.portrait not in self.pictures:
                yield f"{row.place} was checked as {row.portrait}, which was never uploaded"
                continue
            expected = self.answers[self.pictures[row.portrait], row.family]
            booked = catalog.family(row.family).verdict.model_validate_json(row.verdict)
            if expected.by != "vendor":
                yield f"{row.place} was checked with {row.family}, though its header refuses it"
            elif _said(booked) != _said(expected):
                yield f"{row.place}: {row.family} says {_said(booked)} instead of {_said(expected)}"

    def unordered(self) -> Iterator[str]:
        """Complain of each video that should have been ordered and was not."""
        ordered = self._jobs_by_content()
        for sitter, family in self._to_be_filmed():
            job = ordered.get(self._content_of(sitter, family))
            if job is None or job.task_id is None:
                state = job.state if job else "no job"
                yield f"{sitter.newest.key} passes {family} and has a sound, but there is {state}"
            elif not _as_told(job, sitter):
                yield f"{sitter.newest.key} was not filmed as its json says: {job.brief}"

    def unstored(self) -> Iterator[str]:
        """Complain of each video that does not lie in the bucket, whole, with what made it beside it."""
        ordered = self._jobs_by_content()
        for sitter, family in self._to_be_filmed():
            job = ordered.get(self._content_of(sitter, family))
            if job is None or job.state != "succeeded":
                yield f"the video of {sitter.newest.key} is {job.state if job else 'not ordered'}"
            elif job.place not in self._seen_to_play:
                yield from self._wrong_with(job)

    def unknown(self) -> Iterator[str]:
        """Complain of each video in the bucket that the books do not have."""
        known = {job.place for job in self.jobs()}
        for page in self.pipeline.s3.get_paginator("list_objects_v2").paginate(Bucket=VIDEOS):
            for one in page.get("Contents", []):
                place = f"s3://{VIDEOS}/{one['Key']}"
                if place.removesuffix(".json") + ".mp4" not in known and place not in known:
                    yield f"the books know nothing of {place}"

    def _wrong_with(self, job: Row[Any]) -> Iterator[str]:
        bucket, key = split_s3(job.place)
        s3 = self.pipeline.s3
        try:
            stored = s3.get_object(Bucket=bucket, Key=key)
            told = s3.get_object(Bucket=bucket, Key=f"{key.removesuffix('.mp4')}.json")
        except s3.exceptions.NoSuchKey:
            yield f"{job.place} or its json is missing"
            return
        beside = json.loads(told["Body"].read())
        if stored["ContentType"] != "video/mp4" or not _plays(stored["Body"].read()):
            yield f"{job.place} does not play"
        elif (beside["portrait_identity"], beside["sha256"]) != (job.portrait, job.sha256):
            yield f"the json beside {job.place} tells of another video"
        else:
            self._seen_to_play.add(job.place)

    def paid_twice(self, *, killed: bool = False) -> Iterator[str]:
        """Complain of what was paid more than once, or is paid and not in the books.

        A check is paid again if its portrait was overwritten meanwhile, or if its holder was killed.
        """
        counted, rows = self.pipeline.counters(), self.checks()
        outcomes = Counter(row.outcome for row in rows)
        in_doubt = outcomes["uncertain"] + outcomes["sent"]
        if in_doubt and not killed:
            yield f"the answers of {in_doubt} checks were lost"
        per_key = Counter(row.key for row in rows if row.outcome == "answered")
        yield from (f"{key} was answered {n} times" for key, n in per_key.items() if n > 1)
        paid = [(one["model"], one["sha256"]) for one in counted["checks"] if one["paid"]]
        booked = outcomes["answered"] + outcomes["stale"]
        if not booked <= len(paid) <= booked + in_doubt:
            yield f"{len(paid)} checks were paid, and the books have {dict(outcomes)}"
        again = len(paid) - len(set(paid))
        if again > outcomes["stale"] + in_doubt:
            yield f"{again} checks were paid again, and the books have {dict(outcomes)}"
        yield from self._submits_paid_twice(counted["jobs"])

    def _submits_paid_twice(self, tasks: list[dict[str, Any]]) -> Iterator[str]:
        asked = Counter(
            json.dumps([one["model"], one["sha256"], one["parameters"]]) for one in tasks
        )
        yield from (f"{n} submits of {content}" for content, n in asked.items() if n > 1)
        filmed = Counter((job.portrait, job.drive) for job in self.jobs())
        yield from (f"{n} videos of {content}" for content, n in filmed.items() if n > 1)
        known = {job.task_id for job in self.jobs() if job.task_id}
        yield from (
            f"the books know no {one['task_id']}" for one in tasks if one["task_id"] not in known
        )
        if len(tasks) != len(known):
            yield f"{len(tasks)} submits were paid, and the books have {len(known)}"

    def left_over(self) -> Iterator[str]:
        """Complain of messages that wait, and of any but the poison among the dead letters."""
        waiting = self.pipeline.messages(QUEUE)
        dead = self.pipeline.messages(f"{QUEUE}-dead-letters")
        if waiting:
            yield f"{waiting} messages wait in the queue"
        if dead != 1:
            yield f"{dead} messages are among the dead letters instead of 1"

    def unfinished(self) -> Iterator[str]:
        """Complain of runs that are not over."""
        for run in self.pipeline.prefect.runs(*FLOWS):
            if run["state_type"] in UNFINISHED:
                yield f"the run {run['name']} is {run['state_name']}"

    def ended_badly(self) -> Iterator[str]:
        """Complain of runs that ended, but not well."""
        for run in self.pipeline.prefect.runs(*FLOWS):
            if run["state_type"] not in UNFINISHED and run["state_name"] not in WELL_ENDED:
                message = run["state"]["message"]
                yield f"the run {run['name']} ended as {run['state_name']}: {message}"

    def _to_be_filmed(self) -> Iterator[tuple[Sitter, str]]:
        for sitter in self.plan.everybody:
            last = self.asked_of(sitter)[-1]
            if last.passed:
                yield sitter, last.model

    def _content_of(self, sitter: Sitter, family: str) -> tuple[str, str | None, str | None]:
        portrait, sound = sitter.newest.key, sitter.sound.key
        return family, self.identities.get(portrait), self.identities.get(sound)

    def _jobs_by_content(self) -> dict[tuple[str, str, str], Row[Any]]:
        return {(job.family, job.portrait, job.drive): job for job in self.jobs()}


def _said(verdict: Verdict) -> dict[str, Any]:
    return verdict.model_dump(exclude={"request_id"})


def _as_told(job: Row[Any], sitter: Sitter) -> bool:
    told: Any = sitter.told.get("parameters", {})
    return told.items() <= json.loads(job.brief)["parameters"].items()


def _plays(video: bytes) -> bool:
    with av.open(io.BytesIO(video)) as container:
        return sum(1 for _ in container.decode(video=0)) > 0
