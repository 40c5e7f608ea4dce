"""Read the answer of a check: five shapes of a refusal, a pass, or an error.

Shapes one to three are HTTP 200 and told in `output`; four and five are HTTP 400 with the code of
the refusal at the top or nested. A code that refuses is a verdict wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenlight.modelstudio.answers import (
    Answer,
    error_of,
    read_output,
    read_payload,
    unfit,
)
from greenlight.modelstudio.error_codes import Fault, read_fault, read_top_fault
from greenlight.modelstudio.family import Asked, Verdict
from greenlight.modelstudio.judgement import read_judgement
from greenlight.modelstudio.question import Question
from greenlight.modelstudio.refusal_codes import is_refusal


def read_check(
    answer: Answer, question: Question, *, picture_size: tuple[int, int] | None
) -> Verdict:
    """Return the verdict of an answered check, or raise the `ModelStudioError` that it stands for."""
    payload = read_payload(answer)
    fault = read_fault(payload)
    if answer.status >= 400 or read_top_fault(payload).code:
        if not is_refusal(fault.code):
            raise error_of(answer, payload)
        output = _refused_output(payload, fault)
    else:
        if answer.status != 200:
            raise unfit(answer, "no verdict comes with such a status", payload)
        output = read_output(answer, payload)
    verdict = read_verdict(output, question, request_id=fault.request_id, picture_size=picture_size)
    return verdict.model_copy(update={"charged": answer.status == 200})


def read_verdict(
    output: Mapping[str, Any],
    question: Question,
    *,
    request_id: str,
    picture_size: tuple[int, int] | None,
) -> Verdict:
    """Read the `output` of an answered check; `ProtocolError` if it fits no known shape."""
    judged = read_judgement(output, field=question.check.field, request_id=request_id)
    asked = Asked(
        passed=judged.passed,
        ratio=question.ratio,
        picture_size=picture_size,
        request_id=request_id,
    )
    return question.family.verdict(
        model=question.family.name,
        passed=judged.passed,
        code=judged.code,
        reason=judged.reason,
        request_id=request_id,
        **question.check.read_more(output, asked),
    )


def _refused_output(payload: Mapping[str, Any], fault: Fault) -> Mapping[str, Any]:
    """Return shapes four and five as shape three; what else they say stays, it may contradict."""
    output = payload.get("output")
    told = output if isinstance(output, dict) else {}
    return {**told, "code": fault.code, "message": fault.message}
