"""Find what the model of a request stands for: a model of the vendor, or a deployment of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greenlight.modelstudio.model import Model
from greenlight.studio.families.animate_anyone import ANIMATE_ANYONE
from greenlight.studio.families.emo import EMO
from greenlight.studio.families.liveportrait import LIVEPORTRAIT
from greenlight.studio.families.played import RUNNING, StudioFamily
from greenlight.studio.families.wan_s2v import WAN_S2V

PLAYED = (WAN_S2V, EMO, LIVEPORTRAIT, ANIMATE_ANYONE)


@dataclass(frozen=True, slots=True)
class Offer:
    """A model as a request names it: by its id, or by the name of a deployment."""

    model: Model
    studio_family: StudioFamily
    is_deployment: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the statuses that a job goes through between PENDING and its end."""
        return self.studio_family.steps if self.model.kind == "video" else RUNNING


_OFFERS: Mapping[str, Offer] = {
    model.id: Offer(model, played) for played in PLAYED for model in played.family.models
}


def find_offer(name: str, deployments: Mapping[str, str]) -> Offer | None:
    """Return what a request's `model` stands for, if there is such a model or deployment."""
    offer = _OFFERS.get(deployments.get(name, name))
    if offer is None or name not in deployments:
        return offer
    return Offer(offer.model, offer.studio_family, is_deployment=True)
