"""Say which of the judge's findings speak against a portrait, by the family that it is for.

The local studio refuses by them, and a refusal without a reason is explained by them. They are taken from
what the vendor's documents name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from greenlight.judge.findings import FindingKind

NO_USABLE_FACE: Final = frozenset(
    {
        FindingKind.NOBODY,
        FindingKind.NO_FACE,
        FindingKind.TURNED,
        FindingKind.TILTED,
        FindingKind.SMALL_FACE,
    }
)
NO_CLEAR_FACE: Final = NO_USABLE_FACE | {FindingKind.SEVERAL_PEOPLE, FindingKind.BLUR}
"""Light is left out: the documents name no reasons, and a face in shadow can be made out."""
NO_CLEAR_BODY: Final = (NO_CLEAR_FACE - {FindingKind.SMALL_FACE}) | {
    FindingKind.LIGHT,
    FindingKind.NO_BODY,
}
"""A small face is no fault where the whole body is filmed."""

_BY_FAMILY: Final[Mapping[str, frozenset[FindingKind]]] = {
    "liveportrait": NO_USABLE_FACE,
    "animate-anyone": NO_CLEAR_BODY,
}


def speaks_against(family: str) -> frozenset[FindingKind]:
    """Return the findings for which a family refuses a portrait; most want one clear face."""
    return _BY_FAMILY.get(family, NO_CLEAR_FACE)
