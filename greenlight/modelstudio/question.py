"""Put the question that a family's gate is asked about a portrait: to which model, at which ratio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenlight.modelstudio.family import Check, Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a family is asked about a portrait, whichever portrait it is."""

    family: Family
    ratio: str | None = None
    """As it is sent; `None` where the family takes none."""
    deployment: str | None = None
    """The name of your own deployment that stands for the vendor's detector."""

    @classmethod
    def of(
        cls, family: Family, *, ratio: str | None = None, deployment: str | None = None
    ) -> Question:
        """Return a question with the default ratio filled in; `ValueError` if the ratio is not offered."""
        return cls(family=family, ratio=family.resolve_ratio(ratio), deployment=deployment)

    @classmethod
    def chosen(cls, family: Family, ratio: str | None, deployments: Mapping[str, str]) -> Question:
        """Return a family's question out of what is chosen for several: not every one takes a ratio.

        `deployments` are names of your own deployments by the vendor's model ids.
        """
        detector = family.check.model.id if family.check else ""
        own = deployments.get(detector)
        return cls.of(family, ratio=ratio if family.ratios else None, deployment=own)

    @property
    def check(self) -> Check:
        """Return the detector; `ValueError` where nobody looks at the portrait."""
        if self.family.check is None:
            raise ValueError(f"{self.family.name} has no check")
        return self.family.check

    @property
    def model(self) -> str:
        """Return the name that is sent as the model."""
        return self.deployment or self.check.model.id

    def body(self, image_url: str) -> dict[str, Any]:
        """Return the JSON body of the check; the ratio is always sent where there is one."""
        body: dict[str, Any] = {"model": self.model, "input": {"image_url": image_url}}
        return body if self.ratio is None else body | {"parameters": {"ratio": self.ratio}}
