"""Files that a request names.

Gradio's typed endpoints hand any path of the server to a handler if a request leaves out the mark that
makes Gradio look. So every path is held against the folder that uploads go to before anything is opened.
"""

import base64
import logging
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import unquote

from gradio.data_classes import FileDataMeta
from gradio.utils import get_upload_folder, is_in_or_equal

from samhq_demo.parsing import printable
from samhq_demo.ui.fetching import MAX_FETCHED_BYTES, MAX_SECONDS, FetchError, fetch

logger = logging.getLogger(__name__)

NOT_UPLOADED = (
    "is no upload: upload the file (gradio_client does it with handle_file, HTTP with a POST to "
    "/gradio_api/upload) and send the path that the upload answers with."
)
# What stands between the server's address and a file's path where Gradio gives files out.
_FILE_ROUTE = "/gradio_api/file="
_WEB = ("http://", "https://")
# Of base64: 12 MB of file. A body of JSON holds little more, see `bodies`.
MAX_DATA_URL_LENGTH = 16_000_000
_MAX_REASON = 300


class UploadedFile(TypedDict, total=False):
    """A file as Gradio's clients send it: the fields of `gr.FileData` that matter, none of them required."""

    path: str
    url: str | None
    orig_name: str | None
    meta: FileDataMeta


def received_file(value: object, *, name: str) -> Path | BytesIO:
    """The file that a request means, as something to read.

    Args:
        value: {"path": ...} of an upload or of an earlier answer's file, or an http(s) or data URL, which MCP
            sends, in place of the path or of the whole.
        name: what messages call the input.

    Returns:
        The real path inside the upload folder, or the bytes that a URL led to.

    Raises:
        ValueError: it is none of these, it was not uploaded, or it is gone.
    """
    value = without_own_address(value)
    address = value.get("path") if isinstance(value, Mapping) else value
    if not isinstance(address, str) or not address:
        raise ValueError(f'{name} must be a file: {{"path": the path of an upload}}, or a URL.')
    if address.startswith("data:"):
        return _from_data_url(address, name=name)
    if address.startswith(_WEB):
        return _from_web(address, name=name)
    if not isinstance(value, Mapping):
        raise ValueError(f'{name} must be {{"path": the path of an upload}}, or an http, https or data URL.')
    return _from_upload(address, name=name)


def is_web_address(value: object) -> bool:
    """Whether it is an http or https URL, however its scheme is spelled."""
    return isinstance(value, str) and value.lstrip().lower().startswith(_WEB)


def received_upload(value: object, *, name: str) -> Path:
    """The file that a request of the page means: an upload, by its path on this server alone.

    Raises:
        ValueError: it is none, it was not uploaded, or it is gone.
    """
    path = value.get("path") if isinstance(value, Mapping) else None
    if not isinstance(path, str) or not path:
        raise ValueError(f'{name} must be a file: {{"path": the path of an upload}}.')
    return _from_upload(path, name=name)


def without_own_address(value: Any) -> Any:
    """The same file by its path, where it is an upload or an answer named by its URL on this server.

    Anything else comes back as it is. The host is not looked at: a server need not know all its names, and a
    path in its upload folder may be asked for as such.
    """
    address = value.get("path") if isinstance(value, Mapping) else value
    if not isinstance(address, str) or not address.startswith(_WEB):
        return value
    _, found, path = address.partition(_FILE_ROUTE)
    real = _uploaded(unquote(path)) if found else None
    if real is None or not real.is_file():
        return value
    return {**(value if isinstance(value, Mapping) else {}), "path": str(real)}


def _uploaded(path: str) -> Path | None:
    """Where a path really leads, links and dots followed; None where that is outside the upload folder."""
    try:
        real = Path(path).resolve()
        return real if is_in_or_equal(real, get_upload_folder()) else None
    except (OSError, ValueError, RuntimeError):  # a zero byte, a loop of links, a name too long
        return None


def _from_upload(path: str, *, name: str) -> Path:
    real = _uploaded(path)
    if real is None:
        raise ValueError(f"The path in {name} {NOT_UPLOADED}")
    if not real.is_file():
        raise ValueError(f"The upload in {name} is not on the server, or not any more: upload it again.")
    return real


def _from_data_url(url: str, *, name: str) -> BytesIO:
    if len(url) > MAX_DATA_URL_LENGTH:
        raise ValueError(
            f"The data URL in {name} is too long: it takes at most {MAX_DATA_URL_LENGTH:,} characters; "
            "upload the file."
        )
    header, comma, body = url.partition(",")
    if comma and header.endswith(";base64"):
        try:
            return BytesIO(base64.b64decode(body, validate=True))
        except ValueError:  # no base64, or letters that are not ASCII
            pass
    raise ValueError(f"The data URL in {name} is broken: give data:image/png;base64, and then the file.")


def _from_web(url: str, *, name: str) -> BytesIO:
    try:
        return BytesIO(fetch(url))
    except FetchError as error:
        # The reason would tell a stranger which names and addresses there are around this server.
        logger.debug("a URL in %s was not fetched: %s", name, printable(str(error))[:_MAX_REASON])
        raise ValueError(
            f"The URL in {name} could not be fetched: give a public address of a file of at most "
            f"{MAX_FETCHED_BYTES // 2**20} MB that comes within {MAX_SECONDS:.0f} seconds, or upload it."
        ) from None
