"""A small stand-in for the Hugging Face Hub, on this machine alone.

Speaks what huggingface_hub asks for: a repo's facts, its tree, and its files with ETag, commit and
byte ranges. As on the Hub, large files are redirected to another host (here `localhost` instead of
`127.0.0.1`). It can refuse, break off, dawdle, and lie, and it remembers what it was asked.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KIB = 1024
PIECE = 16 * KIB
LARGE = (".safetensors", ".bin", ".pt", ".pth")


def safetensors(size: int, *, fill: int = 1) -> bytes:
    """A whole safetensors file with one tensor of `size` bytes."""
    header = json.dumps({"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes([fill]) * size


def checkpoint(size: int = 200 * KIB, *, fill: int = 1) -> dict[str, bytes]:
    """A repo as the published ones are: what is wanted, and what is not. No model can be made of it."""
    return {
        "config.json": b'{"model_type": "sam_hq"}',
        "preprocessor_config.json": b"{}",
        "model.safetensors": safetensors(size, fill=fill),
        "pytorch_model.bin": b"a pickle",
        "README.md": b"words",
    }


def files_in(folder: Path) -> dict[str, bytes]:
    """A checkpoint folder as a repo for `HubServer`."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path without the query, the range it wanted, whether it carried a token, its host."""

    method: str
    path: str
    range: str | None
    has_token: bool
    host: str


class HubServer:
    """Serves `repos` (repo id to file name to content) while the `with` block runs.

    Attributes that a test may change at any time:
        refuse: answer everything with this HTTP status.
        refuse_files: answer requests for files alone with this status.
        error_code: the `X-Error-Code` that goes with a refusal, as the Hub has it.
        cut_every: break the connection after so many bytes of a large file; the next one goes on.
        dies_after: break it after so many bytes in all, and from then on before the first byte.
        bytes_per_second: how fast large files flow.
        ignores_ranges: answer with the whole file, whatever range was asked for.
        damages: send zeros for large files.
        hides_lengths: send no Content-Length and no X-Linked-Size, and end a file by closing, as mirrors do.
        hides_etags: send no ETag.
        hides_sizes: leave sizes and hashes out of listings.
        head_seconds: how long an answer about a file takes.
        slow_heads: of which files; how their names end.
        older: by repo id and name, such as a tag, the files of revisions before `main`; by their commit, too.
    """

    def __init__(self, repos: Mapping[str, Mapping[str, bytes]]) -> None:
        self.repos = {repo_id: dict(files) for repo_id, files in repos.items()}
        self.refuse: int | None = None
        self.refuse_files: int | None = None
        self.error_code: str | None = None
        self.cut_every: int | None = None
        self.dies_after: int | None = None
        self.bytes_per_second: float | None = None
        self.ignores_ranges = False
        self.damages = False
        self.hides_lengths = False
        self.hides_etags = False
        self.hides_sizes = False
        self.head_seconds = 0.0
        self.slow_heads = ""
        self.older: dict[str, dict[str, dict[str, bytes]]] = {}
        self.asked: list[Asked] = []
        self.bytes_sent = 0  # of large files
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.hub = self  # type: ignore[attr-defined]
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> HubServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def count(self, method: str, ending: str) -> int:
        """How often `method` asked for a path with this ending."""
        return sum(asked.method == method and asked.path.endswith(ending) for asked in self.asked)

    def commit(self, repo_id: str, revision: str = "main") -> str:
        """The commit that the files of a revision make: it changes when they do."""
        files = self.files(repo_id, revision) or {}
        names = [f"{name} {_sha256(content)}" for name, content in sorted(files.items())]
        return hashlib.sha1("\n".join([repo_id, *names]).encode()).hexdigest()

    def files(self, repo_id: str, revision: str) -> dict[str, bytes] | None:
        """Those of a revision, by its name or its commit; None where there is none."""
        older = self.older.get(repo_id, {})
        if revision == "main" or revision in older:
            return self.repos[repo_id] if revision == "main" else older[revision]
        named = (name for name in ("main", *older) if self.commit(repo_id, name) == revision)
        return next((self.files(repo_id, name) for name in named), None)

    def sibling(self, content: bytes, name: str) -> dict[str, Any]:
        """What the Hub's listing says of a file."""
        entry: dict[str, Any] = {"size": len(content), "blobId": _git_hash(content)}
        if name.endswith(LARGE):
            entry["lfs"] = {"sha256": _sha256(content), "size": len(content), "pointerSize": 134}
        return entry

    def large_file(self, sha256: str) -> bytes | None:
        older = (files for named in self.older.values() for files in named.values())
        contents = (content for files in (*self.repos.values(), *older) for content in files.values())
        return next((content for content in contents if _sha256(content) == sha256), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> HubServer:
        return self.server.hub  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: tests read `asked`."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.hub, urlsplit(self.path).path
        token = "authorization" in self.headers
        hub.asked.append(Asked(self.command, path, self.headers.get("Range"), token, self.headers["Host"]))
        about = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        large = re.fullmatch(r"/large/([0-9a-f]{64})", path)
        if hub.refuse is not None:
            self._refuse(hub.refuse)
        elif about and about[1] in hub.repos:
            self._list(about[1], unquote(about[3] or "main"), tree=about[2] == "tree")
        elif file and file[1] in hub.repos:
            self._file(file[1], unquote(file[2]), file[3])
        elif large:
            self._large(hub.large_file(large[1]) or b"")
        else:
            self._refuse(404, code="RepoNotFound")

    def _refuse(self, status: int, *, code: str | None = None) -> None:
        code = code or self.hub.error_code
        self._send(status, b'{"error": "no"}', {"X-Error-Code": code} if code else {})

    def _list(self, repo_id: str, revision: str, *, tree: bool) -> None:
        hub, files = self.hub, self.hub.files(repo_id, revision)
        if files is None:
            self._refuse(404, code="RevisionNotFound")
            return
        wants_sizes = "blobs" in parse_qs(urlsplit(self.path).query) and not hub.hides_sizes
        entries = {name: hub.sibling(content, name) for name, content in files.items()}
        answer: Any
        if tree:
            answer = [
                {"type": "file", "path": name, "size": entry["size"], "oid": entry["blobId"]}
                | ({"lfs": {**entry["lfs"], "oid": entry["lfs"]["sha256"]}} if "lfs" in entry else {})
                for name, entry in entries.items()
            ]
        else:
            siblings = [{"rfilename": n} | (entry if wants_sizes else {}) for n, entry in entries.items()]
            sha = hub.commit(repo_id, revision)
            answer = {"id": repo_id, "modelId": repo_id, "sha": sha, "siblings": siblings}
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _file(self, repo_id: str, revision: str, name: str) -> None:
        hub = self.hub
        content = (hub.files(repo_id, revision) or {}).get(name)
        if hub.refuse_files is not None:
            self._refuse(hub.refuse_files)
            return
        if content is None:
            self._refuse(404, code="EntryNotFound")
            return
        if self.command == "HEAD" and name.endswith(hub.slow_heads):
            hub.closing.wait(hub.head_seconds)
        headers = {"X-Repo-Commit": hub.commit(repo_id, revision)}
        if name.endswith(LARGE):
            headers["X-Linked-Etag"] = f'"{_sha256(content)}"'
            headers["X-Linked-Size"] = str(len(content))
            headers["Location"] = f"http://localhost:{hub.port}/large/{_sha256(content)}"
            self._send(302, b"", headers)
        else:
            self._send(200, content, headers | {"ETag": f'"{_git_hash(content)}"'})

    def _large(self, content: bytes) -> None:
        hub = self.hub
        if hub.damages:
            content = bytes(len(content))
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start, status, headers = 0, 200, {"Content-Length": str(len(content))}
        if wanted and not hub.ignores_ranges:
            start, status = int(wanted[1]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            headers["Content-Length"] = str(len(content) - start)
        if hub.dies_after is not None and hub.bytes_sent >= hub.dies_after:
            self.close_connection = True
            return
        self._head(status, headers)
        if self.command == "GET":
            self._flow(content[start:])

    def _flow(self, content: bytes) -> None:
        hub = self.hub
        limits = [limit for limit in (hub.cut_every, hub.dies_after) if limit is not None]
        if hub.dies_after is not None:
            limits[-1] -= hub.bytes_sent
        allowed = min(limits, default=len(content))
        sent = 0
        try:
            while sent < min(allowed, len(content)) and not hub.closing.is_set():
                piece = content[sent : min(sent + PIECE, allowed)]
                hub.bytes_sent += len(piece)  # before: who has the last piece may look at once
                self.wfile.write(piece)
                sent += len(piece)
                if hub.bytes_per_second is not None:
                    time.sleep(len(piece) / hub.bytes_per_second)
        except OSError:  # the client has gone
            sent = 0
        if sent < len(content):
            self.close_connection = True

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self._head(status, {**headers, "Content-Length": str(len(content))})
        if self.command == "GET":
            self.wfile.write(content)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        hidden = {"Content-Length", "X-Linked-Size"} if self.hub.hides_lengths else set()
        hidden |= {"ETag", "X-Linked-Etag"} if self.hub.hides_etags else set()
        self.send_response(status)
        for name, value in headers.items():
            if name not in hidden:
                self.send_header(name, value)
        if self.hub.hides_lengths:
            self.send_header("Connection", "close")
        self.end_headers()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
