"""Play stores that speak S3 in dialects of their own, each refusing what the real one refuses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from tests.regions import ACCOUNT

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
Refusal = tuple[str, str]
"""The status and the code of an answer."""


@dataclass(frozen=True)
class Manners:
    """What a store takes, and what not."""

    takes_paths: bool = True
    """Whether a bucket may stand in the path; else it must stand in the host."""
    takes_hosts: bool = False
    if_none_match: Literal["heeded", "refused", "ignored"] = "heeded"
    forbids_overwrite: bool = False
    """Whether it knows the header x-oss-forbid-overwrite."""
    takes_checksums: bool = True
    """What a client sends in chunks over HTTPS it sends in headers over HTTP; both are refused."""
    takes_names: tuple[str, ...] = ("",)
    """How the names end that may be put or deleted."""
    tells_of: bool = True
    """Whether a HEAD of an object is allowed."""


OSS = Manners(
    takes_paths=False,
    takes_hosts=True,
    if_none_match="refused",
    forbids_overwrite=True,
    takes_checksums=False,
)
MINIO = Manners()
R2 = Manners(takes_hosts=True, takes_checksums=False)
CEPH = Manners(if_none_match="ignored")
LOCKED = Manners(if_none_match="ignored", takes_names=(".mp4", ".json"))
"""A store whose policy lets nobody put a probe."""
BLIND = Manners(if_none_match="ignored", tells_of=False)
"""A store whose policy lets nobody look what lies there."""


@dataclass
class Store:
    """A store that is being served, whose manners may change."""

    url: str
    manners: Manners
    refused: list[str] = field(default_factory=list)
    """The codes of what was refused."""


@contextmanager
def serve_store(manners: Manners) -> Iterator[Store]:
    """Serve moto's S3 with the manners of another store, over HTTP on loopback."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    store = Store("", manners)
    app = _minding(store, DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    store.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as names:
            names.setattr("socket.getaddrinfo", _resolve_local(socket.getaddrinfo))
            yield store
    finally:
        server.shutdown()
        thread.join()


def _resolve_local(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Let all names below localhost be this machine's, as some systems have it."""

    def resolved(host: Any, *args: Any, **kwargs: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        return resolve("127.0.0.1" if str(text).endswith("localhost") else host, *args, **kwargs)

    return resolved


def _minding(store: Store, app: Application) -> Application:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        bucket, is_in_host = _take_bucket_from_host(environ)
        refusal = _refusal(store.manners, environ, bucket, is_in_host=is_in_host)
        if refusal is None:
            if store.manners.if_none_match == "ignored":
                environ.pop("HTTP_IF_NONE_MATCH", None)
            return app(environ, start_response)
        # What is left unread would break the connection before the answer arrives.
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, code = refusal
        store.refused.append(code)
        told = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        start_response(status, [("content-length", str(len(told)))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else told]

    return answer


def _take_bucket_from_host(environ: dict[str, Any]) -> tuple[str, bool]:
    """Write the address as moto takes it; return the bucket, and whether it stood in the host's name."""
    host, _, port = environ["HTTP_HOST"].partition(":")
    bucket, dot, _ = host.partition(".localhost")
    environ["HTTP_HOST"] = f"127.0.0.1:{port}"
    if not dot:
        return environ["PATH_INFO"].split("/")[1], False
    for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
        if name in environ:
            environ[name] = f"/{bucket}{environ[name]}"
    return bucket, True


def _refusal(
    manners: Manners, environ: dict[str, Any], bucket: str, *, is_in_host: bool
) -> Refusal | None:
    if not (manners.takes_hosts if is_in_host else manners.takes_paths):
        return "403 Forbidden", "SecondLevelDomainForbidden" if not is_in_host else "NoSuchBucket"
    key = environ["PATH_INFO"].removeprefix(f"/{bucket}").lstrip("/")
    if environ["REQUEST_METHOD"] == "HEAD" and key and not manners.tells_of:
        return "403 Forbidden", "AccessDenied"
    if environ["REQUEST_METHOD"] in {"PUT", "DELETE"} and key:
        return _refusal_to_put(manners, environ, bucket, key)
    return None


def _refusal_to_put(
    manners: Manners, environ: dict[str, Any], bucket: str, key: str
) -> Refusal | None:
    if not key.endswith(manners.takes_names):
        return "403 Forbidden", "AccessDenied"
    if not manners.takes_checksums and _has_checksum(environ):
        return "400 Bad Request", "InvalidArgument"
    if manners.if_none_match == "refused" and "HTTP_IF_NONE_MATCH" in environ:
        return "501 Not Implemented", "NotImplemented"
    forbids = manners.forbids_overwrite and environ.get("HTTP_X_OSS_FORBID_OVERWRITE") == "true"
    return ("409 Conflict", "FileAlreadyExists") if forbids and _lies_there(bucket, key) else None


def _has_checksum(environ: dict[str, Any]) -> bool:
    own = ("HTTP_X_AMZ_CHECKSUM_", "HTTP_X_AMZ_SDK_CHECKSUM_", "HTTP_X_AMZ_TRAILER")
    is_in_chunks = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "").startswith("STREAMING-")
    return is_in_chunks or any(name.startswith(own) for name in environ)


def _lies_there(bucket: str, key: str) -> bool:
    from moto.s3.models import s3_backends

    return key in s3_backends[ACCOUNT]["aws"].buckets[bucket].keys
