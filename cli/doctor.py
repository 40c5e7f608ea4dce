"""`greenlight doctor`: everything that the work depends on, and what to do about what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.advice import as_command
from cli.options import Deployments, Json, Models, deployments_of, expect_address
from cli.progress import progress
from cli.speaking import draw, say, tell
from deployments.choices import CHOICES
from greenlight.wording import visible

if TYPE_CHECKING:
    from greenlight.doctor.examining import Examination
    from greenlight.doctor.findings import Finding
    from greenlight.settings import Settings

MARKS = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "broken": ("✗", "red"),
    "skipped": ("-", "dim"),
}
MARKED = {"ok": "dim"}
"""How advice is drawn, where it is not as urgent as other text."""
BUCKETS_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def doctor(
    bucket: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            envvar=CHOICES["uploads"].name,
            help=f"{CHOICES['uploads'].meaning} A bucket's name will do.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            envvar=CHOICES["out"].name,
            help=CHOICES["out"].meaning,
        ),
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="URL of the SQS queue that gets the bucket's notifications."
        ),
    ] = None,
    model: Models = [],  # noqa: B006 - nobody changes it
    deployment: Deployments = None,
    credentials: Annotated[
        str | None,
        typer.Option(
            metavar="BLOCK",
            envvar=CHOICES["credentials"].name,
            help=CHOICES["credentials"].meaning,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait for answers.")
    ] = 5.0,
    as_json: Json = False,
) -> None:
    """Diagnose key, address, ledger, buckets, queue and Prefect; costs nothing.

    Only what you name is checked. Exits with 1 if something is broken.
    """
    if queue:
        expect_address(queue)
    own = deployments_of(deployment)
    asked = _Asked(_uploads(bucket), _place(out), queue or None, model, own, credentials, timeout)
    with progress("Looking"):
        findings = asked.examine()
    if as_json:
        for finding in findings:
            tell(finding.as_json(as_command))
    else:
        _print(findings)
    raise typer.Exit(1 if any(one.state == "broken" for one in findings) else 0)


def _uploads(bucket: str | None) -> str | None:
    """Return the place of uploads; what looks like a bucket's name is one, if no folder is called so."""
    is_name = bucket and re.fullmatch(BUCKETS_NAME, bucket) and not Path(bucket).exists()
    return _place(f"s3://{bucket}/" if is_name else bucket)


def _place(text: str | None) -> str | None:
    if text and text.startswith("s3://"):
        bucket = text.removeprefix("s3://").partition("/")[0]
        if not re.fullmatch(BUCKETS_NAME, bucket):
            raise typer.BadParameter(f"{text} names no bucket; write s3://bucket/prefix/")
    return text or None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be looked at."""

    uploads: str | None
    out: str | None
    queue: str | None
    models: list[str]
    own: dict[str, str]
    credentials: str | None
    seconds: float

    def examine(self) -> list[Finding]:
        """Return all findings, in the order in which a person would mend things."""
        from greenlight.doctor.examining import examine
        from greenlight.doctor.findings import failed
        from greenlight.doctor.refusals import asking_once
        from greenlight.errors import SettingsError
        from greenlight.settings import read_settings

        findings, settings = [], None
        try:
            settings = read_settings()
        except SettingsError as error:
            findings.append(failed("settings", error))
        examinations = [*self._of_core(settings), *self._of_the_rest(settings)]
        with asking_once():
            return findings + examine(examinations, seconds=self.seconds)

    def _of_core(self, settings: Settings | None) -> list[Examination]:
        from greenlight.doctor.bucket import examine_bucket
        from greenlight.doctor.examining import Examination
        from greenlight.doctor.ledger import examine_ledger
        from greenlight.doctor.notification import examine_notification
        from greenlight.doctor.output import examine_output
        from greenlight.doctor.queue import examine_queue
        from greenlight.doctor.service import examine_service

        examinations = []
        if settings is not None:
            service = partial(examine_service, settings, seconds=self.seconds)
            books = partial(examine_ledger, settings.ledger_url, seconds=self.seconds)
            examinations = [Examination("address", service), Examination("ledger", books)]
        output = partial(examine_output, self.out, settings, watched=self.uploads)
        return [
            *examinations,
            Examination("bucket", partial(examine_bucket, self.uploads, settings)),
            Examination("output", output),
            Examination("queue", partial(examine_queue, self.queue)),
            Examination("notification", partial(examine_notification, self.uploads, self.queue)),
        ]

    def _of_the_rest(self, settings: Settings | None) -> list[Examination]:
        from deployments.doctor.examination import examine_prefect
        from greenlight.doctor.examining import Examination
        from greenlight.doctor.judge import examine_judge
        from greenlight.doctor.models import examine_models
        from greenlight.doctor.regions import is_vendors

        vendors = settings is None or is_vendors(settings.base_url)
        models = partial(examine_models, self.models, own=self.own, is_vendors=vendors)
        server = partial(examine_prefect, credentials=self.credentials, seconds=self.seconds)
        return [
            Examination("Prefect server", server),
            Examination("judge", examine_judge),
            Examination("models", models),
        ]


def _print(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    for finding in findings:
        mark, style = MARKS[finding.state]
        table.add_row(Text(mark, style), Text(finding.subject), Text(visible(finding.sentence)))
        if finding.advice:
            table.add_row(
                "",
                "",
                Text(f"→ {visible(as_command(finding.advice))}", MARKED.get(finding.state, "")),
            )
    draw(table, is_wrapped=False)
    say(_summary(findings))


def _summary(findings: list[Finding]) -> str:
    """Return how many are what, in a sentence."""
    count = Counter(str(one.state) for one in findings)
    words = (
        f"{count['broken']} broken",
        f"{count['warning']} {'warning' if count['warning'] == 1 else 'warnings'}",
        f"{count['ok']} fine",
        f"{count['skipped']} not checked",
    )
    return f"{', '.join(words)}; nothing was paid."
