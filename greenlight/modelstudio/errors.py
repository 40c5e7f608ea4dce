"""Name everything that can go wrong between this program and Model Studio.

    ModelStudioError
     |-- ServiceUnreachable        refused, no such host, no connection in time: nothing was sent
     |    `-- NotSent              its time was over before it could be
     |-- AnswerLost                a request was sent and its answer never arrived
     |-- ProtocolError             an answer that fits no known shape
     `-- ApiError                  the vendor, or its file store, answered with an error
          |-- AuthenticationError  the key is missing, wrong, or of another region
          |-- AccessDenied         the key may not do this
          |    `-- WorkspaceDenied nor anything else in this workspace
          |-- AccountError         unpaid bills, not purchased, free quota used up
          |-- ModelUnavailable     no such model, or no longer
          |-- InputUnreachable     the vendor could not fetch the picture, sound or motion
          |-- InvalidRequest       a field or a parameter is wrong
          |    `-- InputRefused    the picture, sound or motion itself is
          |-- ContentRefused       the content inspection objects
          |-- Throttled            too many requests
          |-- ServerFault          the vendor's own fault
          |-- TaskNotCancelable    only a task that still waits can be cancelled
          `-- UploadRefused        the file store did not take the file

`error_codes.error_for` picks the class of an answered error.
"""

# An error is named after what happened; that all of them are errors, their base says.
# ruff: noqa: N818

from __future__ import annotations

from typing import ClassVar

from greenlight.errors import Explained, Part
from greenlight.modelstudio.redaction import without_secrets


class ModelStudioError(Explained):
    """Say what happened, whether money may be spent, and what to do next.

    `retryable` means: the same request may be sent again. `may_have_cost` means: the vendor may
    charge for the request that failed. `refuses_all` means: every other request with this key would be
    refused too. `retry_after_seconds` is the vendor's own wish, where it has one. Keys and the queries of
    links are taken out of the message. Every error can be pickled.
    """

    headline: ClassVar[str] = "The call of Model Studio failed"
    unspent = "the request cost nothing"
    paid = "the request may have cost money"

    retryable: bool = False
    may_have_cost: bool = False
    refuses_all: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        request_id: str = "",
        status: int | None = None,
        task_id: str = "",
        retry_after_seconds: float | None = None,
        retryable: bool | None = None,
        may_have_cost: bool | None = None,
        advice: Part | None = None,
    ) -> None:
        self.message = without_secrets(message)
        said = self.message.strip().rstrip(".")
        super().__init__(
            f"{self.headline}: {said}" if said else self.headline,
            advice,
            code=without_secrets(code),
            request_id=without_secrets(request_id),
        )
        self.status = status
        self.task_id = task_id
        self.retry_after_seconds = retry_after_seconds
        # What is not told stays with the class, so that a subclass states its rule once.
        if retryable is not None:
            self.retryable = retryable
        if may_have_cost is not None:
            self.may_have_cost = may_have_cost

    @property
    def spent(self) -> bool:
        """Whether the vendor may charge for it."""
        return self.may_have_cost

    def _details(self) -> tuple[str, ...]:
        return (
            self.code,
            "" if self.status is None else f"HTTP {self.status}",
            f"request {self.request_id}" if self.request_id else "",
            f"task {self.task_id}" if self.task_id else "",
        )


class ServiceUnreachable(ModelStudioError):
    """Say that no connection came about: nothing was sent, nothing spent."""

    headline = "Model Studio cannot be reached"
    retryable = True
    advice = "check the network and DASHSCOPE_HTTP_BASE_URL"


class NotSent(ServiceUnreachable):
    """Say that a paying request was not sent, because its time was over before it could be."""

    headline = "The request was not sent"
    advice = "run it again"


class AnswerLost(ModelStudioError):
    """Say that a request was sent and its answer lost; asking again may be paid twice."""

    headline = "Model Studio's answer was lost"
    retryable = True
    may_have_cost = True
    advice = "try again"


class ProtocolError(ModelStudioError):
    """Say that an answer fits no known shape; it is never taken for a pass or a result."""

    headline = "Model Studio's answer fits no known shape"
    may_have_cost = True
    advice = "check DASHSCOPE_HTTP_BASE_URL; if it is Model Studio's address, its protocol changed"


class ApiError(ModelStudioError):
    """Say that the vendor answered with an error."""

    headline = "Model Studio answered with an error"
    advice = "look its code up in the vendor's list of errors"


class AuthenticationError(ApiError):
    """Say that the key is missing, wrong, or of another region."""

    headline = "Model Studio does not accept the key"
    refuses_all = True
    advice = "set DASHSCOPE_API_KEY to a key of the China (Beijing) region"


class AccessDenied(ApiError):
    """Say that the key is good but may not do this; another model may be open to it."""

    headline = "Model Studio denies access"
    advice = "check the rights of the key, and whether its workspace (DASHSCOPE_WORKSPACE) may use this model"


class WorkspaceDenied(AccessDenied):
    """Say that the workspace is unknown, or that the key is not one of its keys."""

    headline = "Model Studio denies access to the workspace"
    refuses_all = True
    advice = (
        "DASHSCOPE_WORKSPACE, or the workspace in DASHSCOPE_HTTP_BASE_URL, must be the key's own"
    )


class AccountError(ApiError):
    """Say that the account has to be put in order first: bills, purchase, used-up free quota."""

    headline = "The account cannot pay for this"
    advice = "put the account in order in the vendor's console"


class ModelUnavailable(ApiError):
    """Say that there is no such model, or no longer, or not for this workspace."""

    headline = "The model is not available"
    advice = (
        "the vendor may have switched it off: choose another model, or check the deployment's name"
    )


class InputUnreachable(ApiError):
    """Say that the vendor could not fetch an input; it needs a public URL, or an upload's."""

    headline = "The vendor could not fetch an input"
    advice = "the link must be reachable from the public network and still be valid"


class InvalidRequest(ApiError):
    """Say that a field or a parameter of the request is wrong."""

    headline = "Model Studio refuses the request"
    advice = "correct what it names: a parameter, the ratio or the name of a deployment"


class InputRefused(InvalidRequest):
    """Say that the picture, the sound or the motion video itself is not what the model takes."""

    headline = "The vendor refuses an input"
    advice = "use another picture, sound or motion"


class ContentRefused(ApiError):
    """Say that the vendor's content inspection objects to an input."""

    headline = "The vendor's content inspection refuses an input"
    advice = "use another picture, sound or motion"


class Throttled(ApiError):
    """Say that too much was asked; nothing was begun, and the same request may come again later."""

    headline = "Model Studio asks to slow down"
    retryable = True
    advice = "wait a minute and try again"


class ServerFault(ApiError):
    """Say that the vendor failed by its own fault."""

    headline = "Model Studio failed"
    retryable = True
    advice = "try again later"


class TaskNotCancelable(ApiError):
    """Say that the task is no longer waiting, and so cannot be cancelled."""

    headline = "The task cannot be cancelled"
    advice = "it runs or is finished: collect it"


class UploadRefused(ApiError):
    """Say that the file store did not take the file."""

    headline = "The upload was refused"
    advice = "use a smaller file, or a link of your own"
