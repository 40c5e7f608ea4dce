"""Say what an error of the vendor's means, where its class alone does not tell what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from greenlight.errors import Part
from greenlight.modelstudio import errors
from greenlight.modelstudio.errors import ApiError


@dataclass(frozen=True, slots=True)
class Meaning:
    """The class of an error, and what of it is otherwise than its class says."""

    kind: type[ApiError]
    retryable: bool | None = None
    """Whether the same request may be sent again; `None` leaves that to the class."""
    advice: Part | None = None
    """What to do next; `None` leaves that to the class."""

    @property
    def way_on(self) -> Part | None:
        """Return what to do next."""
        return self.kind.advice if self.advice is None else self.advice


SPENT: Final = Meaning(
    errors.AccountError,
    advice="the free quota is spent, and waiting does not bring it back: let the account pay for the model "
    "in the vendor's console",
)
MODEL_DENIED: Final = Meaning(
    errors.ModelUnavailable,
    advice="allow the model to the key's workspace (DASHSCOPE_WORKSPACE) in the vendor's console, or choose "
    "another model",
)
WRONG_PATH: Final = Meaning(
    errors.ModelUnavailable,
    advice="the model does not answer at this family's path: check the deployment's name and what it was "
    "made of",
)
NOT_RESOLVED: Final = Meaning(
    errors.InputUnreachable,
    advice="this model does not read the vendor's temporary uploads: give it a link of your own",
)
FETCH_AGAIN: Final = Meaning(errors.InputUnreachable, retryable=True)
LINK_ENDED: Final = Meaning(
    errors.InputUnreachable,
    advice="a signed link may have expired, or it never led to the file: run it again with a new link",
)
UNREADABLE: Final = Meaning(
    errors.InputRefused,
    advice="the ending of its name must fit its content, and the content be whole: convert it, or use "
    "another picture, sound or motion",
)
ENDPOINT_DENIED: Final = Meaning(
    errors.ModelUnavailable,
    advice="first check whether DASHSCOPE_WORKSPACE and DASHSCOPE_HTTP_BASE_URL fit the key; if they do, the "
    "vendor has switched the model off: choose another one",
)
