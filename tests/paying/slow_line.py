"""A line on which every download takes its time: a proxy before a store, on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PIECE_BYTES = 64 * 1024


class _Line:
    """Forward every connection, and every piece that comes back only after a while."""

    def __init__(self, url: str, seconds_a_piece: float) -> None:
        self._to = urlsplit(url)
        self._seconds_a_piece = seconds_a_piece

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection(self._to.hostname, self._to.port)
            await asyncio.gather(
                _forward(reader, forth, 0), _forward(back, writer, self._seconds_a_piece)
            )
        except OSError:
            pass
        finally:
            writer.close()


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds_a_piece: float
) -> None:
    while piece := await reader.read(PIECE_BYTES):
        await asyncio.sleep(seconds_a_piece)
        writer.write(piece)
        await writer.drain()
    writer.close()


@contextmanager
def slow_line(url: str, *, seconds_a_piece: float) -> Iterator[str]:
    """Return the address under which a server is reached slowly."""
    line, loop = _Line(url, seconds_a_piece), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(line.serve, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    """Take no new connection, and cut what is still connected."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
