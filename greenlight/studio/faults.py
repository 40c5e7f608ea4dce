"""Misbehave on request, so that tests can see what a client does then.

A fault waits until a request comes that it fits, and is used up by it. It strikes at one of three moments:
*before* the request is accepted (nothing is booked or billed), *after* it (all is booked, the answer
suffers), or *within*, where it changes what the studio does or says.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Moment = Literal["before", "after", "within"]


class Endpoint(StrEnum):
    """What a request is for; faults and counters go by it."""

    CHECK = "check"
    CREATE = "create"
    FETCH = "fetch"
    LIST = "list"
    CANCEL = "cancel"
    POLICY = "policy"
    UPLOAD = "upload"
    RESULT = "result"


class FaultKind(StrEnum):
    """What can go wrong."""

    THROTTLE = "throttle"
    """429, with `retry_after` as the header if given."""
    ERROR = "error"
    """`status` (500), `code` and `message`."""
    DROP = "drop"
    """The connection ends without an answer; after accepting a result, in the middle of the file."""
    SLOW = "slow"
    """The request or its answer waits for `seconds`."""
    HTML = "html"
    """A page of a proxy with `status` (200) instead of the answer, and `retry_after` if given."""
    CUT_JSON = "cut_json"
    """The first half of the answer."""
    ANSWER = "answer"
    """Another answer, with `status` (200): `body` as JSON, or as it is where it is a text."""
    CODE_IN_200 = "code_in_200"
    """HTTP 200 with `code` and `message` at the top."""
    EXTRA_FIELDS = "extra_fields"
    """The answer with fields that no document knows."""
    REFUSAL = "refusal"
    """A refused check in the `shape` 1-5, with `code` and `message`."""
    JOB_FAILS = "job_fails"
    """The accepted job will end as FAILED with `code` and `message`."""
    LIST_LAG = "list_lag"
    """The accepted job is missing from lists for `seconds`."""
    UNKNOWN_STATUS = "unknown_status"
    """The task's status is the word in `task_status`."""
    NO_URL = "no_url"
    """A task that succeeded, without its result."""
    NO_MILLISECONDS = "no_milliseconds"
    """The times of a finished task without their milliseconds."""
    TRUNCATED_VIDEO = "truncated_video"
    """Half the video, as if it were whole."""
    DEAD_LINK = "dead_link"
    """The video's link answers 404."""


_ANYWHERE: Final = frozenset(Endpoint)
_JSON: Final = _ANYWHERE - {Endpoint.UPLOAD, Endpoint.RESULT}
_FITS: Final[dict[FaultKind, frozenset[Endpoint]]] = {
    FaultKind.CUT_JSON: _JSON,
    FaultKind.CODE_IN_200: _JSON,
    FaultKind.EXTRA_FIELDS: _JSON,
    FaultKind.REFUSAL: frozenset({Endpoint.CHECK}),
    FaultKind.JOB_FAILS: frozenset({Endpoint.CREATE}),
    FaultKind.LIST_LAG: frozenset({Endpoint.CREATE}),
    FaultKind.UNKNOWN_STATUS: frozenset({Endpoint.FETCH}),
    FaultKind.NO_URL: frozenset({Endpoint.FETCH}),
    FaultKind.NO_MILLISECONDS: frozenset({Endpoint.FETCH}),
    FaultKind.TRUNCATED_VIDEO: frozenset({Endpoint.RESULT}),
    FaultKind.DEAD_LINK: frozenset({Endpoint.RESULT}),
}
_MOMENTS: Final[dict[FaultKind, tuple[Moment, ...]]] = {
    FaultKind.THROTTLE: ("before",),
    FaultKind.ERROR: ("before", "after"),
    FaultKind.DROP: ("before", "after"),
    FaultKind.SLOW: ("after", "before"),
    FaultKind.HTML: ("after", "before"),
    FaultKind.ANSWER: ("after", "before"),
    FaultKind.CUT_JSON: ("after",),
    FaultKind.CODE_IN_200: ("before", "after"),
    FaultKind.EXTRA_FIELDS: ("after",),
}
"""The first one is meant when a fault does not say `when`; what is not named strikes within."""


class Fault(BaseModel):
    """One misbehaviour: what, where, how often, and its particulars."""

    model_config = ConfigDict(extra="forbid")

    fault: FaultKind
    on: Endpoint | None = None
    """Only requests of this kind; all that the fault fits otherwise."""
    model: str = ""
    """Only requests for this model; those for tasks and files name none."""
    when: Moment | None = None
    times: int | None = Field(1, ge=1)
    """How many requests suffer; null for all until a reset."""
    status: int = Field(0, ge=0, le=599)
    code: str = "InternalError"
    message: str = "Made to fail."
    body: JsonValue = None
    retry_after: str | None = None
    seconds: float = Field(1.0, ge=0)
    shape: int = Field(1, ge=1, le=5)
    task_status: str = "MEDITATING"

    @model_validator(mode="after")
    def _settle(self) -> Fault:
        if self.on is not None and self.on not in _FITS.get(self.fault, _ANYWHERE):
            raise ValueError(f"{self.fault} cannot happen on {self.on}")
        moments = _MOMENTS.get(self.fault, ("within",))
        if self.when is None:
            self.when = moments[0]
        elif self.when not in moments:
            raise ValueError(f"{self.fault} happens {' or '.join(moments)}, not {self.when}")
        return self

    def fits(self, endpoint: Endpoint, model: str) -> bool:
        """Return whether a request would suffer this fault."""
        return (
            endpoint in _FITS.get(self.fault, _ANYWHERE)
            and self.on in (None, endpoint)
            and self.model in ("", model)
        )


class Faults:
    """Hold the faults that are still to happen, the oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        """Let these happen too."""
        self._waiting.extend(faults)

    def waiting(self) -> list[Fault]:
        """Return what is still to happen."""
        return list(self._waiting)

    def clear(self) -> None:
        """Behave from now on."""
        self._waiting.clear()

    def strike(self, moment: Moment, endpoint: Endpoint, model: str) -> Fault | None:
        """Return the first fault of a moment that a request suffers, and count it."""
        return self._use(
            one for one in self._waiting if one.when == moment and one.fits(endpoint, model)
        )

    def within(self, kind: FaultKind, endpoint: Endpoint, model: str = "") -> Fault | None:
        """Return the first fault of a kind that strikes within, and count it."""
        return self._use(
            one for one in self._waiting if one.fault is kind and one.fits(endpoint, model)
        )

    def _use(self, found: Iterable[Fault]) -> Fault | None:
        fault = next(iter(found), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._waiting.remove(fault)
        return fault
