"""Name the parameters that several flows have, as their forms in the UI explain them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from blocks import ModelStudioCredentials
from greenlight.ledger import Ledger
from greenlight.settings import read_settings
from greenlight.work.bundles import BriefDefaults, Need
from greenlight.work.bundles.briefing import NEEDS
from greenlight.work.bundles.surveying import Surveyor


def explained(title: str, description: str, **limits: Any) -> Any:
    """Return the field of a flow's parameter, with a title and a description that Prefect's form shows.

    In place of a field's own Prefect puts the parameter's bare name and what a docstring says of it; what a
    field adds to its schema stays.
    """
    words = {"title": title, "description": description}
    return Field(title=title, description=description, json_schema_extra={**words}, **limits)


Defaults = Annotated[
    BriefDefaults,
    explained(
        title="Defaults",
        description="Defaults of every brief; a json beside the portrait overrides them.",
    ),
]
Needs = Annotated[
    tuple[Need, ...],
    explained(
        title="Needs",
        description="Files that must be beside a portrait before it is filmed: sound (or a motion), json.",
    ),
]
Out = Annotated[
    str | None,
    explained(
        title="Out",
        description="Where videos go: a folder or s3://bucket/prefix/; for one video also an .mp4 file.",
    ),
]
MaxCny = Annotated[
    float | None,
    explained(
        title="Budget in CNY",
        ge=0,
        description="Spending limit of this run (checks and videos).",
    ),
]
Credentials = Annotated[
    str | None,
    explained(
        title="Credentials",
        description="Name of a ModelStudioCredentials block; by default the environment is used.",
    ),
]


class Beside(BaseModel):
    """How an upload or a sweep makes a brief of what is beside a portrait."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    defaults: Defaults = BriefDefaults()
    needs: Needs = NEEDS

    def surveyor(self, ledger: Ledger, service: str) -> Surveyor:
        """Return what looks at bundles so."""
        return Surveyor(ledger=ledger, service=service, defaults=self.defaults, needs=self.needs)


async def load_credentials(name: str | None) -> ModelStudioCredentials:
    """Return the credentials of a block, or those of the environment where none is named."""
    if name is None:
        return ModelStudioCredentials.from_settings(read_settings())
    return await ModelStudioCredentials.aload(name)
