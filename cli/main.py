"""Start the command line: every command in one place, every error one sentence."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Annotated, cast

import typer

from cli.check import check
from cli.collect import collect
from cli.costs import costs
from cli.demo import demo
from cli.doctor import doctor
from cli.film import film
from cli.jobs import jobs
from cli.listen import listen
from cli.reconcile import reconcile
from cli.report import report
from cli.serve import serve
from cli.setup import setup
from cli.studio import studio
from cli.sweep import sweep

INTERRUPTED = 130
MOST_COUNTED = 100

app = typer.Typer(
    name="greenlight",
    help="Screen portraits with Model Studio and film those that pass, without paying twice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(check)
app.command()(film)
app.command()(sweep)
app.command()(jobs)
app.command()(collect)
app.command()(reconcile)
app.command()(costs)
app.command()(report)
app.command()(studio)
app.command()(listen)
app.command()(serve)
app.command()(doctor)
app.add_typer(setup, name="setup")


def _print_version(wanted: bool) -> None:
    if wanted:
        from greenlight import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that stand before every command."""


def main() -> None:
    """Run a command, and end with 0 when it is done, 1 when something failed, 2 on wrong usage."""
    # httpx brings a command line of its own and loads all that it needs; nobody calls it here, and it would
    # be a tenth of what `check` takes. A module that is None cannot be imported, which httpx expects.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    try:
        app()
    except KeyboardInterrupt:
        _end(_stopped(), INTERRUPTED)
    except SystemExit as end:
        # Typer has made this of the interrupt already, without a word.
        if end.code == INTERRUPTED:
            _end(_stopped(), INTERRUPTED)
        raise
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        _end(_sentence(error), 1)


def _stopped() -> str:
    """Say what is open at the vendor's, and how to go on; nothing is asked but the books."""
    from greenlight.errors import GreenlightError
    from greenlight.services import open_ledger
    from greenlight.settings import read_settings

    try:
        with open_ledger(read_settings()) as ledger:
            count = len(ledger.jobs.open_jobs(limit=MOST_COUNTED))
    except GreenlightError:
        return "stopped; the same command goes on where it was, and pays nothing twice"
    if not count:
        return "stopped; no job is open, and the same command goes on where it was and pays nothing twice"
    jobs = (
        f"{count}{' or more' if count == MOST_COUNTED else ''} job{'s are' if count > 1 else ' is'}"
    )
    return (
        f"stopped; {jobs} open at the vendor's: `greenlight jobs` lists what is open, "
        "and `greenlight collect` or the same command fetches it, and pays nothing more"
    )


def _sentence(error: Exception) -> str:
    from greenlight.errors import EXPLAINED, explain

    if isinstance(error, EXPLAINED):
        return explain(error).message
    return (
        f"a fault of this program, {type(error).__name__}: {error}; `greenlight costs` shows what was paid, "
        "and --debug before the command what to report"
    )


def _end(sentence: str, code: int) -> None:
    print(f"greenlight: {sentence}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
