"""A temporary upload is bound to its model, its policy and the header that resolves it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.studio.conftest import PHOTOS, Customer

ASTRONAUT = PHOTOS / "astronaut.png"
MODEL = "emo-detect-v1"
RESOLVE = {"X-DashScope-OssResourceResolve": "enable"}


def policy(customer: Customer, model: str = MODEL) -> dict[str, Any]:
    answered = customer.http.get("/uploads", params={"action": "getPolicy", "model": model})
    assert answered.status_code == 200, answered.text
    return dict(answered.json()["data"])


def fields(given: dict[str, Any], name: str = "a.png") -> dict[str, str]:
    return {
        "OSSAccessKeyId": given["oss_access_key_id"],
        "Signature": given["signature"],
        "policy": given["policy"],
        "key": f"{given['upload_dir']}/{name}",
        "x-oss-object-acl": given["x_oss_object_acl"],
        "x-oss-forbid-overwrite": given["x_oss_forbid_overwrite"],
        "success_action_status": "200",
    }


def send(given: dict[str, Any], form: dict[str, str], data: bytes | None = None) -> httpx.Response:
    data = ASTRONAUT.read_bytes() if data is None else data
    return httpx.post(
        given["upload_host"], data=form, files={"file": ("a.png", io.BytesIO(data))}, verify=False
    )


def uploaded(customer: Customer, model: str = MODEL) -> str:
    given = policy(customer, model)
    form = fields(given)
    answered = send(given, form)
    assert (answered.status_code, answered.content) == (200, b""), answered.text
    return f"oss://{form['key']}"


def test_an_uploaded_portrait_is_checked(customer: Customer) -> None:
    answered = customer.check(MODEL, uploaded(customer), headers=RESOLVE)
    assert answered.json()["output"]["check_pass"] is True


def test_without_the_header_an_upload_is_not_resolved(customer: Customer) -> None:
    answered = customer.check(MODEL, uploaded(customer))
    assert (answered.status_code, answered.json()["code"]) == (
        400,
        "InvalidParameter.DataInspection",
    )
    created = customer.create("emo-v1", image_url="oss://anything", audio_url="http://a/b.wav")
    assert created.json()["code"] == "InvalidParameter.DataInspection"


def test_an_upload_serves_only_the_model_it_was_made_for(customer: Customer) -> None:
    place = uploaded(customer, "liveportrait-detect")
    answered = customer.check(MODEL, place, headers=RESOLVE)
    assert (answered.status_code, answered.json()["code"]) == (400, "InvalidURL")


def test_a_film_is_made_of_uploads(customer: Customer, tmp_path: Any) -> None:
    from tests.conftest import make_sound

    picture = uploaded(customer, "liveportrait")
    given = policy(customer, "liveportrait")
    form = fields(given, "a.wav")
    send(given, form, make_sound(tmp_path / "a.wav", seconds=1).read_bytes())
    task_id = customer.submit(
        "liveportrait", headers=RESOLVE, image_url=picture, audio_url=f"oss://{form['key']}"
    )
    assert customer.wait(task_id)["output"]["task_status"] == "SUCCEEDED"


def test_an_expired_policy_is_denied_in_xml(open_studio: Callable[..., Customer]) -> None:
    given = policy(open_studio(policy_seconds=-1))
    answered = send(given, fields(given))
    assert answered.status_code == 403
    assert answered.headers["content-type"].startswith("application/xml")
    assert "Invalid according to Policy: Policy expired." in answered.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Signature": "forged"}, "SignatureDoesNotMatch"),
        ({"policy": "e30="}, "SignatureDoesNotMatch"),
        ({"key": "dashscope-instant/elsewhere/a.png"}, "AccessDenied"),
    ],
)
def test_a_form_that_does_not_fit_its_policy_is_denied(
    customer: Customer, change: dict[str, str], code: str
) -> None:
    given = policy(customer)
    answered = send(given, {**fields(given), **change})
    assert answered.status_code == 403
    assert f"<Code>{code}</Code>" in answered.text


def test_nothing_is_uploaded_over_another_file(customer: Customer) -> None:
    given = policy(customer)
    assert send(given, fields(given)).status_code == 200
    again = send(given, fields(given), b"something else")
    assert (again.status_code, "FileAlreadyExists" in again.text) == (409, True)


def test_a_form_without_a_file_at_its_end_is_malformed(customer: Customer) -> None:
    given = policy(customer)
    answered = httpx.post(given["upload_host"], data=fields(given), verify=False)
    assert (answered.status_code, "MalformedPOSTRequest" in answered.text) == (400, True)


@pytest.mark.parametrize(
    "query", [{"action": "getPolicy", "model": "no-such-model"}, {"model": MODEL}]
)
def test_a_policy_needs_a_model_and_an_action(customer: Customer, query: dict[str, str]) -> None:
    answered = customer.http.get("/uploads", params=query)
    assert (answered.status_code, answered.json()["code"]) == (400, "InvalidParameter")
