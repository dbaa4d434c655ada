"""Fetches a file from the web for a visitor: public addresses only, in bounded time, and no more than fits.

Every connection goes through `_PublicNetwork`, that of a redirect as well: it resolves the name, looks at
each address, and connects to one that it looked at. Gradio's own fetching has no limit of time or size,
admits some inner addresses, and answers from what it fetched before.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any
from urllib.parse import urljoin

import httpcore
import httpx
from gradio import processing_utils

from samhq_demo.ui.addresses import is_public

logger = logging.getLogger(__name__)

MAX_FETCHED_BYTES = 64 * 2**20
MAX_SECONDS = 10.0
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_URL_LENGTH = 4096
_HEADERS = {"User-Agent": "samhq-demo", "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
# A name server that does not answer holds a thread for as long as the system lets it: these, and no worker.
_RESOLVERS = ThreadPoolExecutor(4, thread_name_prefix="resolve")


class FetchError(Exception):
    """Why nothing was fetched; for the log alone, as it may tell of inner names."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """seconds: for everything, from the first name asked to the last byte. max_bytes: after unpacking."""

    seconds: float = MAX_SECONDS
    max_bytes: int = MAX_FETCHED_BYTES


def fetch(url: str, *, limits: FetchLimits | None = None) -> bytes:
    """The file at an http or https address.

    Raises:
        FetchError: in whichever way it failed.
    """
    limits = limits or FetchLimits()
    network = _PublicNetwork(deadline=time.monotonic() + limits.seconds)
    try:
        context = httpx.create_ssl_context()
        with httpcore.ConnectionPool(network_backend=network, ssl_context=context) as pool:
            for _ in range(_MAX_REDIRECTS + 1):
                answer = _ask(pool, url, limits=limits)
                if isinstance(answer, bytes):
                    return answer
                url = urljoin(url, answer)
    except FetchError:
        raise
    except Exception as error:  # one kind for each way in which a name, an address or a server can fail
        raise FetchError(f"{type(error).__name__}: {error}") from error
    raise FetchError(f"over {_MAX_REDIRECTS} redirects")


def _ask(pool: httpcore.ConnectionPool, url: str, *, limits: FetchLimits) -> bytes | str:
    """The file's bytes, or where a redirect leads."""
    if len(url) > _MAX_URL_LENGTH:
        raise FetchError("a URL too long")
    asked = httpx.URL(url)
    if asked.scheme not in ("http", "https") or not asked.host:
        raise FetchError("neither http nor https")
    target = httpcore.URL(
        scheme=asked.raw_scheme, host=asked.raw_host, port=asked.port, target=asked.raw_path
    )
    headers = {"Host": asked.netloc.decode("ascii"), **_HEADERS}
    with pool.stream("GET", target, headers=list(headers.items())) as answer:
        found = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status in _REDIRECTS and b"location" in found:
            return found[b"location"]
        if answer.status != 200:
            raise FetchError(f"status {answer.status}")
        if int(found.get(b"content-length", "0")) > limits.max_bytes:
            raise FetchError("too large by its own account")
        encoding = found.get(b"content-encoding", "identity").strip().lower()
        return _joined(_unpacked(answer.iter_stream(), encoding, limits.max_bytes), limits.max_bytes)


def _unpacked(pieces: Iterable[bytes], encoding: str, max_bytes: int) -> Iterator[bytes]:
    """The pieces without their packing; none is ever longer than what `max_bytes` leaves room for."""
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchError(f"packed in a way that was not asked for: {encoding}")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    for piece in pieces:
        yield unpacker.decompress(piece, max_bytes + 1)
        if unpacker.unconsumed_tail:
            raise FetchError("unpacks to too much")
    if not unpacker.eof:
        raise FetchError("packed data that ends too soon")


def _joined(pieces: Iterable[bytes], max_bytes: int) -> bytes:
    joined = bytearray()
    for piece in pieces:
        joined += piece
        if len(joined) > max_bytes:
            raise FetchError("too large")
    return bytes(joined)


class _PublicNetwork(httpcore.NetworkBackend):
    """Connects to public addresses, and waits for nothing past the deadline."""

    def __init__(self, *, deadline: float) -> None:
        self._deadline = deadline
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = FetchError("no address")
        for address in self._addresses(host):
            try:
                stream = self._real.connect_tcp(address, port, timeout=_left(self._deadline))
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _TimedStream(stream, deadline=self._deadline)
        raise failure

    def _addresses(self, host: str) -> list[str]:
        """What the name stands for; FetchError where any of that is not public."""
        asked = _RESOLVERS.submit(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            found = asked.result(timeout=_left(self._deadline))
        except FutureTimeoutError as error:
            asked.cancel()
            raise FetchError("no answer about a name in time") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        # Hugging Face's own hosts may have inner addresses on its Spaces: those that Gradio trusts.
        if any(fnmatch(host.lower(), trusted) for trusted in processing_utils.PUBLIC_HOSTNAME_WHITELIST):
            return addresses
        if not addresses or not all(map(is_public, addresses)):
            raise FetchError("an address that is not public")
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the deadline, however the server spreads its bytes."""

    def __init__(self, stream: httpcore.NetworkStream, *, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _TimedStream(stream, deadline=self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchError("no whole answer in time")
    return left
