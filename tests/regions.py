"""Play an S3 that minds its regions: what is signed for another one than the bucket's is refused."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request")
ACCOUNT = "123456789012"


def region_signed_for(signed: str) -> str | None:
    """Return the region in the scope of a presigned address or of an Authorization header."""
    found = SCOPE.search(unquote(signed))
    return found[1] if found else None


@contextmanager
def serve_regional_s3() -> Iterator[str]:
    """Serve moto's S3 with the regions of its buckets minded, as the vendor's own are; yield its address."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    app = _minding_regions(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def _minding_regions(app: Application) -> Application:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        region = _region_of(environ["PATH_INFO"].split("/")[1])
        in_header = region_signed_for(environ.get("HTTP_AUTHORIZATION", ""))
        in_query = region_signed_for(environ["QUERY_STRING"])
        if region in (None, in_header or in_query):
            return app(environ, start_response)
        code = "AuthorizationQueryParametersError" if in_query else "AuthorizationHeaderMalformed"
        told = f"<Error><Code>{code}</Code><Region>{region}</Region></Error>".encode()
        headers = [("x-amz-bucket-region", region), ("content-length", str(len(told)))]
        start_response("400 Bad Request", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else told]

    return answer


def _region_of(bucket: str) -> str | None:
    from moto.s3.models import s3_backends

    found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    return found.region_name if found else None
