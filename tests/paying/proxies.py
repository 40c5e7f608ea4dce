"""A proxy that opens tunnels, and a vendor that speaks TLS behind it, with a certificate of their own."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def make_certificate(folder: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1, which is its own authority, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "nobody.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read a whole request, and return its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return head


def answering(body: bytes, *, status: bytes = b"200 OK") -> Speak:
    """Read a request and answer it."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        writer.write(head % (status, len(body)) + body)
        await writer.drain()

    return speak


async def cut_off(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Read a request, and answer nothing."""
    await read_request(reader)


async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take whatever comes."""
    await reader.read()


@dataclass
class Proxy:
    """Opens a tunnel to whatever it is asked for, or does something else with those who ask."""

    instead: Speak | None = None
    asked: list[bytes] = field(default_factory=list)
    passed_bytes: int = 0
    """What went through its tunnels to the vendor."""

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split(b"\r\n")[0])
        if self.instead is not None:
            await self.instead(reader, writer)
            return
        method, target, _ = self.asked[-1].split(b" ")
        assert method == b"CONNECT"
        host, port = target.decode().split(":")
        back, forth = await asyncio.open_connection(host, int(port))
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(self._pass(reader, forth), _copy(back, writer))
        finally:
            forth.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            self.passed_bytes += len(piece)
            writer.write(piece)
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
    writer.close()


async def refuse_tunnel(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer that the tunnel is not allowed."""
    writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


async def open_and_close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say that the tunnel is open, and end it."""
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()


async def open_and_say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say that the tunnel is open, and let nothing through."""
    await open_and_close(reader, writer)
    await reader.read()


@asynccontextmanager
async def serving(speak: Speak, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on loopback, and yield the port; every connection ends when its talk is over."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await speak(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    talks: set[asyncio.Task[None]] = set()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.ensure_future(one(reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    server = await asyncio.start_server(note, "127.0.0.1", 0, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
