"""`greenlight setup`: what must stand at AWS before uploads start runs."""

from __future__ import annotations

from typing import Annotated

import typer

setup = typer.Typer(help="Set up what uploads need at AWS.", no_args_is_help=True)


@setup.callback()
def _group() -> None:
    """Set up what uploads need at AWS."""


@setup.command()
def bucket(
    name: Annotated[str, typer.Argument(metavar="BUCKET", help="The bucket that is uploaded to.")],
    prefix: Annotated[
        str, typer.Option(help="What the keys of uploads begin with, like uploads/.")
    ],
    queue: Annotated[str, typer.Option(metavar="NAME", help="The queue that is told.")],
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
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without this it is only said.")
    ] = False,
) -> None:
    """Make a bucket tell a queue what is uploaded; what is there already stays as it is."""
    from greenlight.arrivals.setup import BucketSetup
    from greenlight.arrivals.watching import Watch, refuse_output_inside

    watch = Watch(bucket=name, prefix=prefix, queue=queue)
    refuse_output_inside(name, prefix, out)
    work = BucketSetup(watch, via_eventbridge=via_eventbridge)
    for step in work.steps():
        if apply:
            step.take()
        print(step.after if apply else step.before, flush=True)  # noqa: T201
    if apply:
        print(f"Now run: greenlight listen --queue {work.queue_url()}")  # noqa: T201
    else:
        print("Nothing was changed; --apply does it.")  # noqa: T201
