"""TLS that ends before the app, as a reverse proxy or a load balancer has it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_HEAD_END = b"\r\n\r\n"
_PIECE = 65_536


@contextmanager
def behind_tls(url: str, folder: Path, *, header: str) -> Iterator[str]:
    """An https address, with a slash at its end, for the app at the http address `url`.

    Args:
        folder: for the certificate, which is made here and which nobody has signed.
        header: a line that is added to each request, such as "X-Forwarded-Proto: https".
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    loop = asyncio.new_event_loop()
    added = f"\r\n{header}".encode()
    app = urlsplit(url)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_app, to_app = await asyncio.open_connection(app.hostname, app.port)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await asyncio.gather(_pass_requests(reader, to_app, added), _pass_bytes(from_app, writer))
        to_app.close()
        writer.close()

    # In a thread of its own: a test that drives a browser has a running loop already.
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    """Open connections too: what a loop leaves unfinished is complained of in the middle of other tests."""
    server.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _pass_requests(reader: asyncio.StreamReader, to_app: asyncio.StreamWriter, added: bytes) -> None:
    """One request after the other, each with a header more; a browser says how long its bodies are."""
    try:
        while True:
            head = (await reader.readuntil(_HEAD_END)).removesuffix(_HEAD_END)
            to_app.write(head + added + _HEAD_END)
            left = _content_length(head)
            while left:
                piece = await reader.read(min(left, _PIECE))
                if not piece:
                    return
                to_app.write(piece)
                await to_app.drain()
                left -= len(piece)
    finally:
        to_app.close()


def _content_length(head: bytes) -> int:
    names = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return next((int(value) for name, _, value in names if name.lower() == b"content-length"), 0)


async def _pass_bytes(from_app: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As they come: an event of a stream is not held until the next."""
    while piece := await from_app.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    writer.close()


def _certificate(folder: Path) -> Path:
    """A file with a new key and a certificate of it for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
