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

from greenlight.modelstudio.redaction import without_secrets


class ModelStudioError(Exception):
    """Say what happened, whether money may be spent, and what to do next.

    `retryable` means: the same request may be sent again. `may_have_cost` means: the vendor may
    charge for the request that failed. `refuses_all` means: every other request with this key would be
    refused too. `retry_after_seconds` is the vendor's own wish, where it has one. Keys and the queries of
    links are taken out of the message. Every error can be pickled.
    """

    what: ClassVar[str] = "The call of Model Studio failed"

    retryable: bool = False
    may_have_cost: bool = False
    refuses_all: ClassVar[bool] = False
    hint: str = ""

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
        hint: str | None = None,
    ) -> None:
        self.message = without_secrets(message)
        super().__init__(self.message)
        self.code = without_secrets(code)
        self.request_id = without_secrets(request_id)
        self.status = status
        self.task_id = task_id
        self.retry_after_seconds = retry_after_seconds
        # What is not told stays with the class, so that a subclass states its rule once.
        if retryable is not None:
            self.retryable = retryable
        if may_have_cost is not None:
            self.may_have_cost = may_have_cost
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        message = self.message.strip().rstrip(".")
        details = ", ".join(filter(None, self._details()))
        happened = f"{self.what}: {message}" if message else self.what
        if details:
            happened += f" ({details})"
        return "; ".join(filter(None, (happened, self._cost(), self.hint))) + "."

    def _details(self) -> tuple[str, ...]:
        return (
            self.code,
            "" if self.status is None else f"HTTP {self.status}",
            f"request {self.request_id}" if self.request_id else "",
            f"task {self.task_id}" if self.task_id else "",
        )

    def _cost(self) -> str:
        if self.may_have_cost:
            return "the request may have cost money"
        return "the request cost nothing"


class ServiceUnreachable(ModelStudioError):
    """Say that no connection came about: nothing was sent, nothing spent."""

    what = "Model Studio cannot be reached"
    retryable = True
    hint = "check the network and DASHSCOPE_HTTP_BASE_URL"


class NotSent(ServiceUnreachable):
    """Say that a paying request was not sent, because its time was over before it could be."""

    what = "The request was not sent"
    hint = "run it again"


class AnswerLost(ModelStudioError):
    """Say that a request was sent and its answer lost; asking again may be paid twice."""

    what = "The answer of Model Studio was lost"
    retryable = True
    may_have_cost = True
    hint = "ask again"


class ProtocolError(ModelStudioError):
    """Say that an answer fits no known shape; it is never taken for a pass or a result."""

    what = "Model Studio's answer fits no known shape"
    may_have_cost = True
    hint = "check DASHSCOPE_HTTP_BASE_URL; if it is Model Studio's address, its protocol changed"


class ApiError(ModelStudioError):
    """Say that the vendor answered with an error."""

    what = "Model Studio answered with an error"
    hint = "look its code up in the vendor's list of errors"


class AuthenticationError(ApiError):
    """Say that the key is missing, wrong, or of another region."""

    what = "Model Studio does not take the key"
    refuses_all = True
    hint = "a key of the China (Beijing) region is needed, set it as DASHSCOPE_API_KEY"


class AccessDenied(ApiError):
    """Say that the key is good but may not do this; another model may be open to it."""

    what = "Model Studio denies the access"
    hint = "check the rights of the key, and whether its workspace (DASHSCOPE_WORKSPACE) may use this model"


class WorkspaceDenied(AccessDenied):
    """Say that the workspace is unknown, or that the key is not one of its keys."""

    what = "Model Studio denies the workspace"
    refuses_all = True
    hint = "DASHSCOPE_WORKSPACE, or the workspace in DASHSCOPE_HTTP_BASE_URL, must be the key's own"


class AccountError(ApiError):
    """Say that the account has to be put in order first: bills, purchase, used-up free quota."""

    what = "The account cannot pay for this"
    hint = "put the account in order in the vendor's console"


class ModelUnavailable(ApiError):
    """Say that there is no such model, or no longer, or not for this workspace."""

    what = "The model is not available"
    hint = (
        "the vendor may have switched it off: choose another model, or check the deployment's name"
    )


class InputUnreachable(ApiError):
    """Say that the vendor could not fetch an input; it needs a public URL, or an upload's."""

    what = "The vendor could not fetch an input"
    hint = "the link must be reachable from the public network and still be valid"


class InvalidRequest(ApiError):
    """Say that a field or a parameter of the request is wrong."""

    what = "Model Studio refuses the request"
    hint = "correct what it names: a parameter, the ratio or the name of a deployment"


class InputRefused(InvalidRequest):
    """Say that the picture, the sound or the motion video itself is not what the model takes."""

    what = "The vendor refuses an input"
    hint = "use another picture, sound or motion"


class ContentRefused(ApiError):
    """Say that the vendor's content inspection objects to an input."""

    what = "The vendor's content inspection refuses an input"
    hint = "use another picture, sound or motion"


class Throttled(ApiError):
    """Say that too much was asked; nothing was begun, and the same request may come again later."""

    what = "Model Studio asks to slow down"
    retryable = True
    hint = "wait a minute and try again"


class ServerFault(ApiError):
    """Say that the vendor failed by its own fault."""

    what = "Model Studio failed"
    retryable = True
    hint = "try again later"


class TaskNotCancelable(ApiError):
    """Say that the task is no longer waiting, and so cannot be cancelled."""

    what = "The task cannot be cancelled"
    hint = "it runs or is finished: collect it"


class UploadRefused(ApiError):
    """Say that the file store did not take the file."""

    what = "The upload was refused"
    hint = "use a smaller file, or a link of your own"
