"""Every fixture file goes through the real client and over real HTTP, and means what it should."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel

from greenlight.modelstudio import catalog, errors
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.failed_tasks import advice_for, may_try_again
from greenlight.modelstudio.submissions import leaves_doubt
from tests.calling import check, submit
from tests.modelstudio.films import film_request


async def test_the_case_is_sent_and_read_as_its_files_say(
    case: Any, vendor: Any, studio: ModelStudio
) -> None:
    vendor.replay(case)
    request, expected = case.read("request"), case.read("expected")
    if "error" in expected:
        with pytest.raises(getattr(errors, expected["error"]["type"])) as caught:
            await _call(studio, request["call"])
        _expect_error(caught.value, expected["error"])
        if request["call"]["name"] in {"submit", "template"}:
            assert leaves_doubt(caught.value) is expected["error"].get("leaves_doubt", False)
    else:
        _expect_value(await _call(studio, request["call"]), expected)
    _expect_sent(vendor, request["wire"])


async def _call(studio: ModelStudio, call: dict[str, Any]) -> Any:
    arguments = dict(call)
    name = arguments.pop("name")
    if name == "check":
        return await check(studio, catalog.family(arguments.pop("family")), **_tupled(arguments))
    if name == "submit":
        return await submit(studio, _video_request(arguments))
    if name == "template":
        template = catalog.family("animate-anyone").template_request(**arguments)
        return await submit(studio, template)
    if name == "list":
        for edge in {"start", "end"} & arguments.keys():
            arguments[edge] = datetime.fromisoformat(arguments[edge])
        return await studio.list_tasks(**arguments)
    return await getattr(studio, name)(**arguments)


def _tupled(arguments: dict[str, Any]) -> dict[str, Any]:
    if "picture_size" in arguments:
        arguments["picture_size"] = tuple(arguments["picture_size"])
    return arguments


def _video_request(arguments: dict[str, Any]) -> Any:
    family = catalog.family(arguments.pop("family"))
    verdict = family.verdict.model_validate({"model": family.name, **arguments.pop("verdict")})
    parameters = family.parameters.model_validate(arguments.pop("parameters"))
    return film_request(family, verdict=verdict, parameters=parameters, **arguments)


def _expect_value(value: Any, expected: dict[str, Any]) -> None:
    failure = expected.pop("failure", None)
    ((kind, fields),) = expected.items()
    if failure is not None:
        _expect_failure(value, failure)
    if kind == "done":
        assert value is None
        return
    assert isinstance(value, BaseModel)
    told = {name: _plain(getattr(value, name)) for name in fields}
    assert told == {name: _moment(field) for name, field in fields.items()}
    if kind == "verdict":
        assert set(fields) == set(type(value).model_fields)


def _expect_failure(task: Any, failure: dict[str, Any]) -> None:
    assert may_try_again(task.code, task.message) is failure["may_try_again"]
    advice = advice_for(task.code, task.message)
    assert failure["hint"] in str(advice)
    assert bool(advice) is bool(failure["hint"])


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _moment(value: Any) -> Any:
    """Turn the times of a file, wherever they stand, into the aware times that are read."""
    if isinstance(value, list):
        return [_moment(one) for one in value]
    if isinstance(value, dict):
        return {name: _moment(one) for name, one in value.items()}
    if isinstance(value, str) and value.endswith("+08:00"):
        return datetime.fromisoformat(value)
    return value


def _expect_error(error: errors.ModelStudioError, expected: dict[str, Any]) -> None:
    assert type(error).__name__ == expected["type"]
    assert expected.get("says", "") in str(error)
    fields = expected.keys() - {"type", "says", "leaves_doubt"}
    assert {name: getattr(error, name) for name in fields} == {n: expected[n] for n in fields}


def _expect_sent(vendor: Any, wire: dict[str, Any]) -> None:
    (sent,) = vendor.received
    assert (sent.method, sent.path) == (wire["method"], "/api/v1" + wire["path"])
    assert sent.query == wire.get("query", {})
    assert {name: sent.headers.get(name) for name in wire["headers"]} == wire["headers"]
    assert not set(wire["without_headers"]) & sent.headers.keys()
    assert (json.loads(sent.body) if sent.body else None) == wire["body"]
