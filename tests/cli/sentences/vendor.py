"""Stand in for the vendor behind a proxy: its addresses lead here, with a certificate for all of them."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greenlight.doctor.asking import NO_TASK

NAMES = ("*.aliyuncs.com", "*.dashscope.aliyuncs.com", "*.cn-beijing.maas.aliyuncs.com")


@dataclass
class Vendor:
    """What its hosts answer; those that are not among `takes` the proxy lets nobody through to."""

    proxy: str
    certificate: Path
    takes: dict[str, str] = field(default_factory=dict)
    """The one key that each host takes."""
    behind: timedelta | None = timedelta()
    """How far its clock is behind this machine's; nothing where its answers have no date."""

    def answer(self, host: str, authorization: str) -> tuple[int, bytes]:
        if authorization != f"Bearer {self.takes[host]}":
            refusal = {"code": "InvalidApiKey", "message": "No such key.", "request_id": "1"}
            return 401, json.dumps(refusal).encode()
        output = {"task_id": NO_TASK, "task_status": "UNKNOWN"}
        return 200, json.dumps({"request_id": "1", "output": output}).encode()


class _Handler(BaseHTTPRequestHandler):
    vendor: Vendor
    encryption: ssl.SSLContext
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        if self.host not in self.vendor.takes:
            self.send_error(403)
            return
        self.send_response_only(200)
        self.end_headers()
        try:
            self.connection = self.encryption.wrap_socket(self.connection, server_side=True)
        except OSError:
            # Who does not trust the certificate hangs up.
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        status, content = self.vendor.answer(self.host, self.headers.get("authorization", ""))
        self.send_response_only(status)
        if self.vendor.behind is not None:
            date = datetime.now(UTC) - self.vendor.behind
            self.send_header("date", format_datetime(date, usegmt=True))
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def finish(self) -> None:
        super().finish()
        # The server itself closes only the connection that it accepted, which the encrypted one took over.
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serve_vendor(folder: Path) -> Iterator[Vendor]:
    """Serve until the `with` block ends; the certificate lies in a folder, to be trusted or not."""
    certificate, key = _certified(folder)
    encryption = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encryption.load_cert_chain(certificate, key)
    handler = type("Handler", (_Handler,), {"encryption": encryption})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    vendor = Vendor(f"http://127.0.0.1:{server.server_address[1]}", certificate)
    handler.vendor = vendor  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certified(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for the vendor's names, signed by itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a vendor's stand-in")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, NAMES))), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "vendor.pem", folder / "vendor.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret
