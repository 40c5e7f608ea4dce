"""A chat and a post office of the tests' own, which keep what they are told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receivers:
    """Where messages arrive: `chat` over HTTP, `mail` over SMTP."""

    def __init__(self) -> None:
        self.chat: list[str] = []
        self.mail: list[str] = []
        self._chat_server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of_chat(self.chat))
        self._mail_server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), _handler_of_mail(self.mail)
        )
        self._servers: list[Any] = [self._chat_server, self._mail_server]

    @property
    def chat_url(self) -> str:
        return f"json://127.0.0.1:{self._chat_server.server_address[1]}/"

    @property
    def mail_url(self) -> str:
        return f"mailto://127.0.0.1:{self._mail_server.server_address[1]}/"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Receive for the time of a `with` block."""
        receivers = cls()
        for server in receivers._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receivers
        finally:
            for server in receivers._servers:
                server.shutdown()
                server.server_close()


def _handler_of_chat(messages: list[str]) -> type[BaseHTTPRequestHandler]:
    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Chat


def _handler_of_mail(messages: list[str]) -> type[socketserver.StreamRequestHandler]:
    class PostOffice(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._answer(220)
            while line := self.rfile.readline().decode().strip().upper():
                if line == "DATA":
                    self._answer(354)
                    messages.append(self._letter())
                self._answer(221 if line == "QUIT" else 250)

        def _letter(self) -> str:
            lines = []
            while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
                lines.append(line)
            return "".join(lines)

        def _answer(self, code: int) -> None:
            self.wfile.write(f"{code} well\r\n".encode())

    return PostOffice
