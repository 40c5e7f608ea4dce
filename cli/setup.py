"""`greenlight setup`: what must stand at AWS before uploads start runs, and in Prefect to look after them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.speaking import say

setup = typer.Typer(
    help="Set up notifications of uploads in AWS, and automations in Prefect.",
    no_args_is_help=True,
)
Apply = Annotated[
    bool, typer.Option("--apply", help="Apply the changes; without it, only show them.")
]
NOTHING_CHANGED = "Nothing was changed; use --apply to apply this."


@setup.callback()
def _group() -> None:
    """Set up notifications of uploads in AWS, and automations in Prefect."""


@setup.command()
def bucket(
    name: Annotated[
        str, typer.Argument(metavar="BUCKET", help="Bucket that receives the uploads.")
    ],
    prefix: Annotated[str, typer.Option(help="Prefix of the uploads' keys, like uploads/.")],
    queue: Annotated[str, typer.Option(metavar="NAME", help="Name of the SQS queue to notify.")],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Where the videos will go; must be outside the uploads."
        ),
    ] = None,
    via_eventbridge: Annotated[
        bool,
        typer.Option(
            "--via-eventbridge",
            help="Notify the queue by EventBridge, if S3 already notifies another receiver.",
        ),
    ] = False,
    apply: Apply = False,
) -> None:
    """Let a bucket notify a queue of uploads; existing configuration is kept."""
    from greenlight.uploads.setup import BucketSetup
    from greenlight.uploads.watching import Watch, refuse_output_inside

    watch = Watch(bucket=name, prefix=prefix, queue=queue)
    refuse_output_inside(name, prefix, out)
    work = BucketSetup(watch, via_eventbridge=via_eventbridge)
    for step in work.steps():
        if apply:
            step.take()
        say(step.after if apply else step.before)
    if apply:
        say(f"Now run: greenlight listen --queue {work.queue_url()}")
    else:
        say(NOTHING_CHANGED)


@setup.command()
def automations(
    notify: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE/NAME",
            help="Notification block to tell people with, as `prefect block ls` shows it.",
        ),
    ] = None,
    apply: Apply = False,
) -> None:
    """Let Prefect restart crashed runs, and report refusals, budgets and ambiguous jobs."""
    from prefect import get_client

    from deployments.automations import set_up
    from deployments.server import answers_in_words, require_api_url

    require_api_url()
    with answers_in_words(), get_client(sync_client=True) as client:
        for change in set_up(client, notify=notify, apply=apply):
            say(change.after if apply else change.before)
    if notify is None:
        say("Nobody is told of anything: --notify names the block that does.")
    if not apply:
        say(NOTHING_CHANGED)
