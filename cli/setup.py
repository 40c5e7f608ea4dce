"""`greenlight setup`: what must stand at AWS before uploads start runs, and in Prefect to look after them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.speaking import say

setup = typer.Typer(
    help="Set up what uploads need at AWS, and what looks after runs in Prefect.",
    no_args_is_help=True,
)
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this it is only said.")]
NOTHING_CHANGED = "Nothing was changed; --apply does it."


@setup.callback()
def _group() -> None:
    """Set up what uploads need at AWS, and what looks after runs in Prefect."""


@setup.command()
def bucket(
    name: Annotated[str, typer.Argument(metavar="BUCKET", help="The bucket that is uploaded to.")],
    prefix: Annotated[
        str, typer.Option(help="What the keys of uploads begin with, like uploads/.")
    ],
    queue: Annotated[str, typer.Option(metavar="NAME", help="The name of the queue that is told.")],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Where the videos will go, to see that it is elsewhere."
        ),
    ] = None,
    via_eventbridge: Annotated[
        bool,
        typer.Option(
            "--via-eventbridge",
            help="Tell the queue by EventBridge, where S3 tells another receiver directly already.",
        ),
    ] = False,
    apply: Apply = False,
) -> None:
    """Make a bucket tell a queue what is uploaded; what is there already stays as it is."""
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
            help="The notification block that tells people, as `prefect block ls` shows it.",
        ),
    ] = None,
    apply: Apply = False,
) -> None:
    """Let Prefect start crashed runs again, and tell people of refusals, budgets and doubts."""
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
