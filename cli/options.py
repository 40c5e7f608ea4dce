"""Define the options that several commands share, and what they refuse."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role


class Ratio(StrEnum):
    """EMO's two ratios."""

    HEAD = "1:1"
    HALF_BODY = "3:4"


def _known_models(names: list[str]) -> list[str]:
    known = catalog.families()
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{name} is not a model; choose from {', '.join(known)}")
    return list(dict.fromkeys(names))


def _deployments(pairs: list[str]) -> list[str]:
    from greenlight.briefs.own_deployments import expect_name

    for pair in pairs:
        model, equals, name = pair.partition("=")
        if not equals or not name or model not in catalog.models():
            raise typer.BadParameter(
                f"{pair} is not a deployment; write MODEL_ID=NAME, like wan2.2-s2v=my-deployment"
            )
        try:
            expect_name(name)
        except ValueError as error:
            raise typer.BadParameter(f"{model}: {error}") from None
    return pairs


def expect_address(queue: str) -> None:
    """Raise `typer.BadParameter` for a queue that is not named by its address."""
    if not queue.startswith(("https://", "http://")):
        raise typer.BadParameter(
            f"{queue} is not an address; it begins with https://", param_hint="'--queue'"
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a day; write it like 2026-01-31") from None


Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        metavar="MODEL",
        callback=_known_models,
        help=f"{catalog.names_in_words()}; may be repeated.",
    ),
]
MOTION_FAMILIES = catalog.for_families(catalog.taking(Role.MOTION))
DEFAULT_MODELS = [catalog.DEFAULT_FAMILY]
RatioOption = Annotated[
    Ratio | None,
    typer.Option("--ratio", help="For emo: 1:1 is a head, 3:4 a half body.", show_default="1:1"),
]
Deployments = Annotated[
    list[str] | None,
    typer.Option(
        "--deployment",
        metavar="MODEL_ID=NAME",
        callback=lambda pairs: _deployments(pairs or []),
        help="Your own deployment's name instead of the vendor's model id; may be repeated.",
    ),
]
Since = Annotated[
    date | None,
    typer.Option(
        "--since",
        metavar="DATE",
        parser=_day,
        help="First day to include, like 2026-01-31 (days in UTC+8).",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line on standard output.")
]


def deployments_of(pairs: list[str] | None) -> dict[str, str]:
    """Return the own deployments by the model ids that they stand for."""
    return dict(pair.split("=", 1) for pair in pairs or [])
