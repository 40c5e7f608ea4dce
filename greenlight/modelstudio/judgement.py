"""Read what the `output` of a check says: passed, refused and why, or something unknown.

The rule is the same for all families but for the name of the verdict field: LivePortrait's is
`pass`, that of the others `check_pass`. A missing field, or one that is no boolean, never passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from greenlight.modelstudio.error_codes import class_for, error_for, read_code
from greenlight.modelstudio.errors import ProtocolError
from greenlight.modelstudio.redaction import without_secrets
from greenlight.modelstudio.refusal_codes import is_refusal

VerdictField = Literal["check_pass", "pass"]
_FIELDS: Final[tuple[VerdictField, ...]] = ("check_pass", "pass")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What every family's verdict has in common."""

    passed: bool
    code: str = ""
    reason: str = ""


def read_judgement(output: Mapping[str, Any], *, field: VerdictField, request_id: str) -> Judgement:
    """Return whether the portrait passed, and why not.

    A refusal may say so by its field, by a refusal code, or by both, with or without a reason. A
    pass beside a code contradicts itself and is a `ProtocolError`, as is an output with neither. A
    code that is known for something else than a refusal is the `ApiError` of that code.
    """
    code = read_code(output)
    if output.get(field) is True:
        _expect_no_contradiction(output, field, code, request_id)
        return Judgement(passed=True)
    is_new_code = class_for(code, _text(output, "message")) is None
    if is_refusal(code) or (output.get(field) is False and is_new_code):
        reason = _text(output, "reason") or _text(output, "message")
        return Judgement(passed=False, code=code, reason=without_secrets(reason))
    if code:
        raise error_for(200, {**output, "request_id": request_id})
    raise ProtocolError(
        f"there is neither {field} in it nor the code of a refusal", request_id=request_id
    )


def _expect_no_contradiction(
    output: Mapping[str, Any], field: VerdictField, code: str, request_id: str
) -> None:
    """Refuse a pass that stands beside a code or beside another family's field that denies it."""
    others = [name for name in _FIELDS if name != field and name in output]
    if code or any(output[name] is not True for name in others):
        raise ProtocolError(
            f"it passes the portrait by {field} and refuses it at the same time",
            code=code,
            request_id=request_id,
        )


def _text(output: Mapping[str, Any], key: str) -> str:
    value = output.get(key)
    return value if isinstance(value, str) else ""
