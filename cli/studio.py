"""`greenlight studio`: the local stand-in for the vendor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Deployments, deployments_of
from cli.speaking import say, tell

DEFAULT_PORT = 8479


def studio(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")
    ] = DEFAULT_PORT,
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for jobs, counters and videos.",
            show_default="studio in GREENLIGHT_HOME",
        ),
    ] = None,
    key: Annotated[str, typer.Option(help="API key that the studio accepts.")] = "sk-local",
    rate: Annotated[
        float, typer.Option(min=0.001, help="Requests per second that each model accepts.")
    ] = 5.0,
    job_seconds: Annotated[
        float, typer.Option(min=0, metavar="S", help="How long a video takes.")
    ] = 5.0,
    deployment: Deployments = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ready line as JSON.")] = False,
) -> None:
    """Run a local studio, which speaks the vendor's protocol and looks at your pictures."""
    from greenlight.settings import read_settings
    from greenlight.studio.server import StudioSettings, serve

    settings = StudioSettings(
        home=home or read_settings().home / "studio",
        key=key,
        rate_per_second=rate,
        job_seconds=job_seconds,
        deployments={name: model for model, name in deployments_of(deployment).items()},
    )

    def announce(base_url: str) -> None:
        if as_json:
            tell({"base_url": base_url})
            return
        page = base_url.removesuffix("/api/v1")
        say(f"The studio is ready at {base_url} (its page: {page}/). In another terminal:")
        say(f"  export DASHSCOPE_HTTP_BASE_URL={base_url} DASHSCOPE_API_KEY={key}")

    serve(settings, host, port, announce)
