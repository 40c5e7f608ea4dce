"""Serve a studio: in a thread for tests and the demo, or in the foreground for the command line."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import uvicorn

from greenlight.studio.app import API_PATH, create_app
from greenlight.studio.connection import DroppableProtocol
from greenlight.studio.settings import StudioSettings
from greenlight.studio.store import StudioStartError
from greenlight.studio.studio import Studio

__all__ = ["StudioServer", "StudioSettings", "StudioStartError", "serve"]

STOP_SECONDS: Final = 5


class StudioServer:
    """Run a studio in a thread of this process, for the length of a `with` block.

    Entering it raises `StudioStartError` if the home or the port cannot be used. Port 0 takes a free one.
    """

    def __init__(self, settings: StudioSettings, host: str = "127.0.0.1", port: int = 0) -> None:
        self.settings = settings
        self._host = host
        self._port = port

    @property
    def url(self) -> str:
        """Return the address of the studio's own page, known once it runs."""
        return _url(self._host, self._port)

    @property
    def base_url(self) -> str:
        """Return the address that clients take in the place of the vendor's."""
        return self.url + API_PATH

    @property
    def home(self) -> Path:
        """Return where the studio keeps its state."""
        return self.settings.home

    def start(self) -> None:
        """Start, and return when requests are answered."""
        self._studio = Studio(self.settings)
        try:
            listening = _listen(self._host, self._port)
        except StudioStartError:
            self._studio.close()
            raise
        self._port = listening.getsockname()[1]
        ready = threading.Event()
        self._server = _Server(self._studio, self._host, ready.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="studio", daemon=True
        )
        self._thread.start()
        while not ready.wait(0.1):
            if not self._thread.is_alive():
                listening.close()
                self._studio.close()
                raise StudioStartError("the studio ended at its start", "its log says why")

    def turn_clock(self, seconds: float) -> None:
        """Turn the studio's clock on, or back where it is less than nothing."""
        self._studio.clock.ahead_seconds += seconds

    def stop(self) -> None:
        """Stop, and return when nothing of it runs any more; jobs go on at the next start."""
        self._server.should_exit = True
        self._thread.join()
        self._studio.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve(settings: StudioSettings, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` gets the base address once requests are answered.

    Raise `StudioStartError` if the home or the port cannot be used.
    """
    studio = Studio(settings)
    try:
        listening = _listen(host, port)
        base_url = _url(host, listening.getsockname()[1]) + API_PATH
        _Server(studio, host, lambda: on_ready(base_url)).run(sockets=[listening])
    finally:
        studio.close()


class _Server(uvicorn.Server):
    """uvicorn, quiet, that says when it is ready and ends without a signal's echo."""

    def __init__(self, studio: Studio, host: str, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(studio, host=host),
                http=DroppableProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                # The application's own clock tells the time, which a test can turn.
                date_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._studio = studio
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets=sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let slow answers go at once, then stop."""
        self._studio.closing.set()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at SIGINT and SIGTERM; uvicorn would raise the signal again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ours = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self.handle_exit) for one in ours}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only over sockets that say they are TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise StudioStartError(
            f"the studio cannot listen on {host}:{port} ({error.strerror})",
            "choose another port or host",
        ) from error
    return listening


def _url(host: str, port: int) -> str:
    # An address to listen on everywhere is none to call.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
