"""Start the command line: every command in one place, every error one sentence."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType
from typing import Annotated, Any, cast

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
from cli.speaking import NobodyReads, OutputFull, prepare, say, warn
from cli.stopping import end, heeding_signals, was_asked
from cli.studio import studio
from cli.sweep import sweep
from greenlight.wording import visible

NOBODY_READS = 141
"""What shells say of a program whose output nobody reads any more."""

app = typer.Typer(
    name="greenlight",
    help="Check portraits with Model Studio and film those that pass, without paying twice.",
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

        say(__version__)
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
    prepare()
    with heeding_signals():
        sys.exit(_run())


def _run() -> int:
    """Run the command and return how it ended, said in a sentence where it is not done."""
    try:
        code = app(standalone_mode=False)
    except KeyboardInterrupt:
        return end()
    except NobodyReads:
        return NOBODY_READS
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        return _explained(error)
    # Typer has made this of an interrupt already, without a word.
    return end() if was_asked() else code if isinstance(code, int) else 0


def _explained(error: Exception) -> int:
    if hasattr(error, "format_message"):
        return _refused(error)
    warn(f"greenlight: {_sentence(error)}")
    return 1


def _refused(error: Any) -> int:
    """Say what is wrong with the command line, as Typer does, but let nothing of it steer the terminal."""
    from typer.rich_utils import rich_format_error

    error.message = visible(error.message)
    with suppress(OSError):
        rich_format_error(error)
    return int(error.exit_code)


def _sentence(error: Exception) -> str:
    from cli.advice import told
    from greenlight.errors import Explained

    if isinstance(error, OutputFull):
        return (
            f"the output accepts nothing more ({error}); what was done is in the ledger: "
            "`greenlight jobs` and `greenlight costs` show it"
        )
    if isinstance(error, Explained):
        return told(error)
    return (
        f"a fault of this program, {type(error).__name__}: {error}; `greenlight costs` shows what was paid, "
        "and --debug before the command shows what to report"
    )
