"""Let tests steer a studio and read its counters; `guard` says who may."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from greenlight.studio import counters
from greenlight.studio.faults import Fault
from greenlight.studio.guard import refused
from greenlight.studio.studio import Studio

_FAULTS: Final = TypeAdapter(list[Fault])


async def show_counters(request: Request) -> Response:
    """Answer with all counters."""
    studio: Studio = request.app.state.studio
    return JSONResponse(counters.counters(studio.request_log, studio.jobs))


async def add_faults(request: Request) -> Response:
    """Take one fault, or a list of them; a GET shows those that still wait."""
    studio: Studio = request.app.state.studio
    if request.method == "POST":
        try:
            given = await request.json()
            studio.faults.add(
                _FAULTS.validate_python(given if isinstance(given, list) else [given])
            )
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"][1:])
            return refused(f"{where}: {first['msg']}".removeprefix(": "), 400)
        except ValueError:
            return refused("A fault is written as a JSON object.", 400)
    waiting = [fault.model_dump(mode="json") for fault in studio.faults.waiting()]
    return JSONResponse({"faults": waiting})


async def reset(request: Request) -> Response:
    """Forget faults, counters, checks and jobs."""
    studio: Studio = request.app.state.studio
    await studio.reset()
    return JSONResponse({"reset": True})
