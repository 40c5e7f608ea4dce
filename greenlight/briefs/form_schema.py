"""Say in a brief's JSON schema what there is to choose from, so that forms offer it and refuse the rest."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Role

_KEPT: Final = ("enum", "const", "minimum", "maximum")
_PLAIN: Final = ["boolean", "integer", "number", "string"]


def require_subject(schema: dict[str, Any]) -> None:
    """Require a portrait; where a model films clips, a portrait or a clip."""
    if catalog.filming(Role.CLIP):
        # A form would show any other rule as a choice.
        schema["not"] = {"properties": {"portrait": {"type": "null"}, "clip": {"type": "null"}}}
        return
    schema["required"] = ["portrait"]
    portrait = schema["properties"]["portrait"]
    schema["properties"]["portrait"] = {
        name: value for name, value in portrait.items() if name not in ("anyOf", "default")
    } | {"type": "string"}


def offer_models(schema: dict[str, Any]) -> None:
    """Name all models in the schema of a list of them."""
    schema["items"] = {"type": "string", "enum": list(catalog.families())}


def offer_parameters(schema: dict[str, Any]) -> None:
    """Name the parameters of all models, with their values, in the schema of an object of them.

    It refuses nothing that a brief takes: a number may come as a text, and which of them a model knows is
    the brief's to say.
    """
    offered: dict[str, list[Any]] = defaultdict(list)
    for family in catalog.families().values():
        for name, told in family.parameters.model_json_schema()["properties"].items():
            offered[name].append(_limits(told))
    schema["propertyNames"] = {"enum": sorted(offered)}
    schema["patternProperties"] = {
        f"^{name}$": {"type": _PLAIN, "anyOf": limits}
        if len(limits) > 1
        else {"type": _PLAIN} | limits[0]
        for name, limits in offered.items()
    }


def offer_deployable(schema: dict[str, Any]) -> None:
    """Name the vendor's model ids in the schema of an object that has them for names."""
    schema["propertyNames"] = {"enum": list(catalog.models())}


def _limits(told: dict[str, Any]) -> dict[str, Any]:
    """Return what the schema of a value says of values, without their types and its words."""
    if "anyOf" in told:
        given = [_limits(one) for one in told["anyOf"] if one.get("type") != "null"]
        return given[0] if len(given) == 1 else {"anyOf": given}
    return {name: told[name] for name in _KEPT if name in told}
