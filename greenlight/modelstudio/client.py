"""Call Model Studio: pay for checks and videos, follow their tasks, upload files."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import SplitResult, quote, urlsplit

import httpx

from greenlight.modelstudio.answers import Answer, read_success
from greenlight.modelstudio.catalog import BEIJING_BASE_URL, TASK_LIFETIME
from greenlight.modelstudio.errors import InvalidRequest, TaskNotCancelable
from greenlight.modelstudio.family import VideoRequest
from greenlight.modelstudio.question import Question
from greenlight.modelstudio.tasks import TaskPage, VideoTask, read_page, read_task
from greenlight.modelstudio.times import write_time
from greenlight.modelstudio.transport import Ready, Transport, build_post
from greenlight.modelstudio.uploads import (
    UPLOAD_DEADLINE_SECONDS,
    expect_stored,
    read_policy,
)

_OSS: Final = "oss://"
_HASH_CHARACTERS: Final = 12
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class ModelStudio:
    """Speak with one address of Model Studio by one key; use it as an `async with`.

    `base_url` ends with `/api/v1`; `timeout_seconds` bounds every request as a whole, uploads
    excepted. No request is ever sent twice. Proxies and certificates are those of the environment.
    Every failure is a `ModelStudioError`; what makes no sense before it is sent is a `ValueError`.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = BEIJING_BASE_URL,
        workspace: str | None = None,
        timeout_seconds: float = 60.0,
    ) -> None:
        self._base_url = base_url.strip().rstrip("/")
        self._workspace = workspace
        self.service = service_of(self._base_url, workspace)
        """Host and port of the address, and the workspace: what every key of the books begins with."""
        key = _expect_header_text(api_key, "key")
        self.account = hashlib.sha256(key.encode()).hexdigest()[:_HASH_CHARACTERS]
        """A short hash of the key: what tells whether jobs were sent by the same one."""
        self._headers = {"Authorization": f"Bearer {key}"}
        if workspace:
            self._headers["X-DashScope-WorkSpace"] = _expect_header_text(workspace, "workspace")
        self._transport = Transport(timeout_seconds)
        self.before_upload: Callable[[], Awaitable[None]] | None = None
        """Is awaited before an upload asks for leave, so that all processes together keep its limit."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(service={self.service!r})"

    async def __aenter__(self) -> Self:
        self._transport.prepare(self._base_url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def check_request(self, question: Question, image_url: str) -> httpx.Request:
        """Return the request of a check, whole; `ValueError` says why it cannot be sent.

        One picture is charged for it, pass or not.
        """
        body = question.body(image_url)
        return self._paying(question.check.model.path, body, _media_headers(body["input"]))

    def video_request(self, request: VideoRequest) -> httpx.Request:
        """Return the request of a video or a template, whole; `ValueError` says why it cannot be sent."""
        headers = {"X-DashScope-Async": "enable", **_media_headers(request.input)}
        return self._paying(request.path, request.body(), headers)

    def _paying(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Request:
        whole = {**self._headers, **headers}
        return build_post(self._base_url + path, headers=whole, body=body)

    async def pay(
        self, request: httpx.Request, *, ends_at: float | None = None, ready: Ready | None = None
    ) -> Answer:
        """Send a paying request once, and return whatever is answered; see `Transport.pay`.

        Nothing is booked here, so only `greenlight.paying` calls it. It needs nothing of this event loop,
        so a thread of its own may send it.
        """
        return await self._transport.pay(request, ends_at=ends_at, ready=ready)

    async def fetch(self, task_id: str) -> VideoTask:
        """Return a task as it stands; free of charge, and safe to be asked again."""
        return read_task(await self._send("GET", _task_path(task_id)), task_id)

    async def list_tasks(
        self,
        *,
        task_id: str | None = None,
        model_name: str | None = None,
        status: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        page_no: int = 1,
        page_size: int = 10,
    ) -> TaskPage:
        """Return a page of the account's tasks, by default of the last 24 hours.

        `start` and `end` are aware times at most 24 hours apart, else `ValueError`.
        """
        query: dict[str, str | int | None] = {
            "task_id": task_id,
            "model_name": model_name,
            "status": status,
            "start_time": write_time(start) if start else None,
            "end_time": write_time(end) if end else None,
            "page_no": page_no,
            "page_size": page_size,
        }
        if start and end and not timedelta(0) <= end - start <= TASK_LIFETIME:
            raise ValueError("a list's window is at most 24 hours long")
        asked = {name: value for name, value in query.items() if value is not None}
        return read_page(await self._send("GET", "/tasks", params=asked))

    async def cancel(self, task_id: str) -> None:
        """Cancel a task that still waits; `TaskNotCancelable` for one that does not."""
        try:
            read_success(await self._send("POST", f"{_task_path(task_id)}/cancel"))
        except InvalidRequest as error:
            if error.code.casefold() != "unsupportedoperation":
                raise
            raise TaskNotCancelable(
                error.message,
                code=error.code,
                request_id=error.request_id,
                status=error.status,
                task_id=task_id,
            ) from error

    async def upload(self, path: Path, *, model: str) -> str:
        """Store a file for one model for 48 hours, free of charge, and return its `oss://` URL.

        The file is read from disk as it is sent. Another model needs an upload of its own. Raises
        `UploadRefused` for a file that is too large, `OSError` for one that cannot be read.
        """
        if self.before_upload is not None:
            await self.before_upload()
        with path.open("rb") as file:
            policy = read_policy(
                await self._send("GET", "/uploads", params={"action": "getPolicy", "model": model})
            )
            policy.expect_to_fit(path)
            key = policy.key_for(path)
            # The store is another party: it gets the policy, never the key of the account.
            answer = await self._transport.send(
                "POST",
                policy.host,
                data=policy.form_for(key),
                files={"file": (Path(key).name, file)},
                fresh=True,
                deadline_seconds=UPLOAD_DEADLINE_SECONDS,
            )
        expect_stored(answer)
        return _OSS + key

    async def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Answer:
        return await self._transport.send(
            method,
            self._base_url + path,
            headers={**self._headers, **(headers or {})},
            **request,
        )


def service_of(base_url: str, workspace: str | None = None) -> str:
    """Return `host:port`, and `+workspace` where there is one, of an address of Model Studio.

    Raises `ValueError` for what is no HTTP address, or carries a user or a query.
    """
    address = urlsplit(base_url)
    if address.scheme not in _DEFAULT_PORTS or not address.hostname:
        raise ValueError("Model Studio's address begins with https:// and a host")
    if "@" in address.netloc or address.query or address.fragment:
        raise ValueError("Model Studio's address carries no user and no query")
    host = f"[{address.hostname}]" if ":" in address.hostname else address.hostname
    port = _port_of(address) or _DEFAULT_PORTS[address.scheme]
    return f"{host}:{port}" + (f"+{workspace}" if workspace else "")


def _port_of(address: SplitResult) -> int | None:
    try:
        return address.port
    except ValueError:
        raise ValueError("its port is not a number from 0 to 65535") from None


def _expect_header_text(value: str, what: str) -> str:
    """Return the value without the spaces around it; `ValueError` if no header can carry it."""
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError(f"the {what} is empty or has characters that no {what} has")
    return value


def _media_headers(media: Mapping[str, Any]) -> dict[str, str]:
    """Return the header that lets the vendor resolve an upload, where an input is one.

    Raises `ValueError` for an input that the vendor cannot fetch: a local path, a `data:` URL.
    """
    urls = [str(url) for name, url in media.items() if name.endswith("_url")]
    for url in urls:
        if not url.lower().startswith(("http://", "https://", _OSS)):
            raise ValueError(
                "the vendor fetches http://, https:// and oss:// only; upload the file"
            )
    if any(url.startswith(_OSS) for url in urls):
        return {"X-DashScope-OssResourceResolve": "enable"}
    return {}


def _task_path(task_id: str) -> str:
    if not task_id.strip("."):
        raise ValueError("a task has an id")
    return f"/tasks/{quote(task_id, safe='')}"
