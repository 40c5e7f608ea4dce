"""Motion videos that are coded otherwise, or larger than any model takes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import urllib3
from botocore.awsrequest import AWSResponse, HeadersDict

from tests.bucket import Bucket
from tests.cli.sentences.shell import Says
from tests.conftest import SAMPLES

FILM = "greenlight film anna.png --model animate-anyone --dry-run --motion"
pytestmark = pytest.mark.usefixtures("settings")


def test_coded_otherwise(says: Says, desk: Path) -> None:
    with av.open(str(desk / "old.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        black = av.VideoFrame.from_ndarray(np.zeros((320, 320, 3), np.uint8), format="rgb24")
        for _ in range(75):
            container.mux(stream.encode(black))
        container.mux(stream.encode(None))
    wave = (SAMPLES / "wave.mp4").read_bytes()
    (desk / "odd.mp4").write_bytes(wave.replace(b"avc1", b"zzzz"))
    says(f"{FILM} old.mp4", f"{FILM} odd.mp4")


def test_too_large(says: Says, bucket: Bucket) -> None:
    def answer(request: Any, **_: object) -> AWSResponse:
        headers = {"content-length": str(300 * 1024 * 1024), "etag": '"4711"'}
        body = urllib3.HTTPResponse(io.BytesIO(), preload_content=False)
        return AWSResponse(request.url, 200, HeadersDict(headers), body)

    with bucket.meddling("HeadObject", answer):
        says(f"{FILM} s3://{bucket.name}/wave.mp4")
