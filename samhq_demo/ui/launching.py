"""Prepares what the page needs of the machine: proxies, a folder for files, a port.

Gradio looks at these as it is imported and as it starts, and ends with a traceback where one fails. So they
are looked at first, and nothing here imports it.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from samhq_demo.machine import DEVICES, has_gpu_device
from samhq_demo.memory import collect_less_often

_LOCAL = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
# A disk that is full takes an empty file, but not this.
_PROBE_BYTES = 64 * 1024


def prepare_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set what Gradio needs in `environ`, and what makes imports quick, before it is imported.

    Raises:
        ValueError: one sentence that names the variable that helps.
    """
    collect_less_often()
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_TEMP_DIR"):
        if not environ.get(name, "set").strip():  # blank, as in `NAME= python app.py`: as if it were not set
            del environ[name]
    check_device(environ)
    check_proxies(environ)
    keep_own_address_from_proxy(environ)
    choose_temporary_folder(environ)
    check_address(environ)


def check_device(environ: MutableMapping[str, str], *, devices: Path = DEVICES) -> None:
    """Raise ValueError where SAMHQ_DEVICE is a CUDA GPU, and Linux has no device of one.

    torch would say so too, but is there only after the page.
    """
    if environ.get("SAMHQ_DEVICE", "").strip().lower() != "cuda" or environ.get("SPACES_ZERO_GPU"):
        return
    if sys.platform == "linux" and not has_gpu_device(devices):
        raise ValueError("SAMHQ_DEVICE is 'cuda', but this machine has no CUDA device; use 'cpu'.")


def check_proxies(environ: MutableMapping[str, str]) -> None:
    """Raise ValueError where a proxy is set that no request can be sent through.

    Gradio would fail with a traceback as it asks itself, although that is sent through no proxy.
    """
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        value = environ.get(name, "").strip()
        if not value:
            continue
        try:
            httpx.Client(proxy=value if "://" in value else f"http://{value}", trust_env=False).close()
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise ValueError(
                f"{name} is {value!r}, which is no address of a proxy that can be used: "
                "it must be like http://host:port, https://host:port or socks5://host:port, or not be set."
            ) from error


def keep_own_address_from_proxy(environ: MutableMapping[str, str]) -> None:
    """Add this machine to NO_PROXY where a proxy is set: Gradio asks its own page whether it is there.

    What stands in NO_PROXY stays, and everything else, such as the Hub, is still asked through the proxy.
    """
    if not any(environ.get(name) or environ.get(name.upper()) for name in _PROXIES):
        return
    # Of the two spellings Python's own libraries take the small one where both are set.
    present = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in present.split(",") if host.strip()]
    if "*" in hosts:
        return
    own = environ.get("GRADIO_SERVER_NAME", "")
    wanted = [*_LOCAL, *([own] if own and own != "0.0.0.0" else [])]
    joined = ",".join([*hosts, *(host for host in wanted if host not in hosts)])
    environ["no_proxy"] = environ["NO_PROXY"] = joined


def choose_temporary_folder(environ: MutableMapping[str, str]) -> None:
    """Set GRADIO_TEMP_DIR to a folder of one's own where Gradio's usual one belongs to another user."""
    given = environ.get("GRADIO_TEMP_DIR")
    if given:
        _use_temporary_folder(environ, given)
        return
    try:
        if why_not_writable(Path(tempfile.gettempdir()) / "gradio") is None:
            return
        own = tempfile.mkdtemp(prefix="gradio-")
        reason = why_not_writable(Path(own))
    except OSError as error:  # no temporary folder at all, or a full one
        reason = error.strerror or str(error)
    if reason is not None:
        raise ValueError(
            f"No file can be written to the temporary folder ({reason}): "
            "set GRADIO_TEMP_DIR to a folder that can be written to, on a disk with room."
        )
    environ["GRADIO_TEMP_DIR"] = own


def _use_temporary_folder(environ: MutableMapping[str, str], given: str) -> None:
    reason = why_not_writable(Path(given))
    if reason is not None:
        raise ValueError(
            f"GRADIO_TEMP_DIR is {given!r}, where no file can be written ({reason}): "
            "name a folder that can be written to, on a disk with room."
        )
    try:
        tempfile.gettempdir()
    except OSError:  # Gradio also asks Python for one
        environ["TMPDIR"] = given


def why_not_writable(folder: Path) -> str | None:
    """Why no file can be written to a folder, which is made if it is not there; None where one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
        # Uploads go to folders inside, of which another user may have made some.
        inside = next((one for one in folder.iterdir() if one.is_dir() and not os.access(one, os.W_OK)), None)
    except OSError as error:
        return error.strerror or str(error)
    return None if inside is None else "a folder in it belongs to another user"


def check_address(environ: MutableMapping[str, str]) -> None:
    """Raise ValueError where the page cannot be served from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT.

    A port that is named is the one that others know: Gradio alone would go on to the next without a word.
    """
    text = environ.get("GRADIO_SERVER_PORT", "").strip()
    name = environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(
            f"GRADIO_SERVER_PORT is {text!r}: it must be a number from 1 to 65535, such as 7860."
        )
    try:
        with socket.socket() as probe:  # of IPv4, as Gradio's own
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((name, int(text or 0)))
    except (OSError, UnicodeError) as error:
        raise ValueError(_about_address(error, name=name, port=text)) from error


def _about_address(error: Exception, *, name: str, port: str) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} is in use: set GRADIO_SERVER_PORT to another, or leave it out to have one chosen."
        )
    if number in (errno.EACCES, errno.EPERM):
        return f"Port {port} may not be opened by this user: set GRADIO_SERVER_PORT to one from 1024 on."
    return (
        f"GRADIO_SERVER_NAME is {name!r}, which is no IPv4 address or name of this machine: "
        "use 127.0.0.1 for this machine alone or 0.0.0.0 for others as well."
    )


@contextmanager
def exit_in_one_sentence(*kinds: type[Exception]) -> Iterator[None]:
    """End the program with what an error of these kinds says, without a traceback."""
    try:
        yield
    except kinds as error:
        sys.exit(_sentence(error))


def _sentence(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error)
    if "empty port" in str(error):  # Gradio's own, which names a parameter of its function
        return "No port from 7860 on is free: set GRADIO_SERVER_PORT to one that is."
    return f"The page could not be served: {error}."
