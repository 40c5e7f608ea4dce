"""Give the studio's tests one running studio, reset for each, and files that it can fetch."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from greenlight.studio.server import StudioServer, StudioSettings
from tests.conftest import make_sound

PHOTOS = Path(__file__).resolve().parents[1] / "photos"
T = TypeVar("T")
IMAGE2VIDEO = "/services/aigc/image2video"
ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
FACE, AROUND = [172, 67, 277, 172], [93, 0, 355, 262]
"""Boxes of the astronaut for EMO."""


def until(look: Callable[[], T | None], *, seconds: float = 20) -> T:
    """Return what a look finally finds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.005)
    raise AssertionError(f"nothing was found in {seconds} seconds")


@dataclass
class Customer:
    """Somebody who asks a studio; `key` may be a wrong one."""

    studio: StudioServer
    key: str = "sk-local"
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.studio.base_url, timeout=30, verify=False)
        self.http.headers["Authorization"] = f"Bearer {self.key}"

    def check(
        self,
        model: str,
        image_url: str,
        *,
        function: str = "face-detect",
        headers: dict[str, str] | None = None,
        **parameters: Any,
    ) -> httpx.Response:
        body: dict[str, Any] = {"model": model, "input": {"image_url": image_url}}
        if parameters:
            body["parameters"] = parameters
        return self.http.post(f"{IMAGE2VIDEO}/{function}", json=body, headers=headers)

    def create(
        self,
        model: str,
        function: str = "video-synthesis",
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
        **inputs: Any,
    ) -> httpx.Response:
        return self.http.post(
            f"{IMAGE2VIDEO}/{function}",
            json={"model": model, "input": inputs, "parameters": parameters or {}},
            headers={"X-DashScope-Async": "enable", **(headers or {})},
        )

    def submit(self, model: str, **rest: Any) -> str:
        answered = self.create(model, **rest)
        assert answered.status_code == 200, answered.text
        return str(answered.json()["output"]["task_id"])

    def fetch(self, task_id: str) -> dict[str, Any]:
        answered = self.http.get(f"/tasks/{task_id}")
        assert answered.status_code == 200, answered.text
        return dict(answered.json())

    def status(self, task_id: str) -> str:
        return str(self.fetch(task_id)["output"]["task_status"])

    def wait(self, task_id: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            body = self.fetch(task_id)
            return body if body["output"]["task_status"] in ENDED else None

        return until(ended)

    def fault(self, fault: str, **particulars: Any) -> None:
        url = f"{self.studio.url}/_studio/faults"
        answered = self.http.post(url, json={"fault": fault, **particulars})
        assert answered.status_code == 200, answered.text

    def counters(self) -> dict[str, Any]:
        return dict(self.http.get(f"{self.studio.url}/_studio/counters").json())


@dataclass(frozen=True)
class Files:
    """A folder that an HTTP server shows."""

    folder: Path
    root: str

    def url(self, name: str) -> str:
        return f"{self.root}/{name}"

    def put(self, name: str, data: bytes | bytearray) -> str:
        (self.folder / name).write_bytes(data)
        return self.url(name)

    @property
    def astronaut(self) -> str:
        return self.url("astronaut.png")

    @property
    def sound(self) -> str:
        return self.url("sound.wav")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    folder = tmp_path_factory.mktemp("files")
    for photo in PHOTOS.glob("*.[jp][pn]g"):
        (folder / photo.name).symlink_to(photo)
    make_sound(folder / "sound.wav", seconds=1)
    make_sound(folder / "long.wav", seconds=21)
    make_motion(folder / "motion.mp4", seconds=2, size=(240, 320))
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Files(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


def make_motion(path: Path, *, seconds: float, size: tuple[int, int], rate: int = 25) -> Path:
    """Write a video in which only a shade of grey changes."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(round(seconds * rate)):
            shade = np.full((size[1], size[0], 3), number % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def make_clip(path: Path, picture: Path, *, seconds: float, edge: int = 320) -> Path:
    """Write a video that turns grey for its first moment and then shows a picture."""
    shown = Image.open(picture).convert("RGB").resize((edge, edge))
    grey = Image.new("RGB", shown.size, "grey")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = edge, edge, "yuv420p"
        for number in range(round(seconds * 25)):
            frame = av.VideoFrame.from_image(grey if number < 5 else shown)  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def quick(home: Path, **changes: Any) -> StudioSettings:
    """Settings of a studio that lets no test wait."""
    told = {"rate_per_second": 10_000, "task_requests_per_second": 10_000, "job_seconds": 0.02}
    return StudioSettings(home=home, **{**told, **changes})


@pytest.fixture(scope="session")
def _standing_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    with StudioServer(quick(tmp_path_factory.mktemp("studio"))) as server:
        yield server


@pytest.fixture
def studio(_standing_studio: StudioServer) -> Iterator[StudioServer]:
    """The running studio as if it had just begun; others would wait for a new one each time."""
    yield _standing_studio
    httpx.post(f"{_standing_studio.url}/_studio/reset", verify=False).raise_for_status()


@pytest.fixture
def customer(studio: StudioServer) -> Iterator[Customer]:
    one = Customer(studio)
    yield one
    one.http.close()


@pytest.fixture
def open_studio(tmp_path: Path) -> Iterator[Callable[..., Customer]]:
    """Open a studio with settings of its own; all are closed at the test's end."""
    opened: list[Customer] = []

    def start(**changes: Any) -> Customer:
        home = changes.pop("home", tmp_path / f"studio-{len(opened)}")
        server = StudioServer(quick(home, **changes))
        server.start()
        opened.append(Customer(server))
        return opened[-1]

    yield start
    for customer in opened:
        customer.http.close()
        customer.studio.stop()
