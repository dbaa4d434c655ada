"""Checkpoints from the Hugging Face Hub, fetched in the background into its usual cache.

The bytes are transferred here and not by `snapshot_download`: that one throws away what it has of
a file when the line breaks. Here it is kept, and the next attempt goes on from it; see docs/architecture.md.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    get_session,
    hf_hub_url,
    hf_raise_for_status,
)
from huggingface_hub.errors import HTTPError
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import WeakFileLock, build_hf_headers, validate_repo_id

from samhq_demo.weights.download_errors import DownloadError, State, explained, is_refusal
from samhq_demo.weights.folders import (
    CONFIG,
    PREPROCESSOR,
    REVISION,
    WEIGHTS,
    WEIGHTS_INDEX,
    cached_folder,
    is_whole,
    repo_folder,
)
from samhq_demo.weights.pickles import PICKLES

logger = logging.getLogger(__name__)

# For the facts of a repo or a file that did not come in the usual time: huggingface_hub's own second try.
PATIENT_SECONDS = 60.0
ATTEMPTS = 3  # in a row that bring no new byte; after them the download counts as cut off
PAUSE_SECONDS = 0.5

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class DownloadStatus:
    """What a download has come to, at one moment. `reason` is one sentence if it failed, else empty."""

    state: State = "waiting"
    bytes_done: int = 0
    bytes_total: int = 0
    reason: str = ""
    folders: tuple[Path, ...] = ()

    @property
    def progress(self) -> float:
        """From 0 to 1; 0 while the sizes are not known."""
        if self.state == "done":
            return 1.0
        # More than all where a mirror did not say how large a file is.
        return min(1.0, self.bytes_done / self.bytes_total) if self.bytes_total else 0.0


class Download:
    """Whole checkpoints on their way from the Hub, in a daemon thread; readable from any thread.

    A file gets its place in the cache's snapshot only once it is whole, so a download that was cut
    off never passes for a checkpoint. What the cache holds already is not asked for again.

    Args:
        repo_ids: one repo id or several; progress is over all of them.
        endpoint: the Hub's address; None for huggingface_hub's own, which `HF_ENDPOINT` sets.
        cache_dir: None for huggingface_hub's own, which `HF_HUB_CACHE` or `HF_HOME` sets.
        timeout: seconds to wait for a connection, and for the next byte; None: what HF_HUB_ETAG_TIMEOUT
            (facts of repos and files) and HF_HUB_DOWNLOAD_TIMEOUT (their bytes) say, else 10 each.

    Raises:
        ValueError: a repo id that cannot be one.
    """

    def __init__(
        self,
        repo_ids: str | Sequence[str],
        *,
        revisions: Mapping[str, str] = MappingProxyType({}),
        endpoint: str | None = None,
        cache_dir: Path | None = None,
        timeout: float | None = None,
    ) -> None:
        self.repo_ids = (repo_ids,) if isinstance(repo_ids, str) else tuple(repo_ids)
        for repo_id in self.repo_ids:
            validate_repo_id(repo_id)
        self._revisions = revisions
        self._endpoint = endpoint or constants.ENDPOINT
        self._cache_dir = cache_dir
        self._facts_timeout = constants.HF_HUB_ETAG_TIMEOUT if timeout is None else timeout
        self._patient_timeout = PATIENT_SECONDS if timeout is None else timeout
        self._bytes_timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT if timeout is None else timeout
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._at_hand = ""  # the repo that a failure's sentence names
        self._status = DownloadStatus()  # only ever replaced as a whole, so readers need no lock

    def start(self) -> None:
        """Begin, or go on after a failure. Returns at once; does nothing while running or when done."""
        with self._starting:
            if self._status.state in {"downloading", "done"}:
                return
            self._status = DownloadStatus("downloading")
            self._thread = threading.Thread(target=self._run, name="download-weights", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> DownloadStatus:
        """Wait until it has ended, or `timeout` seconds have passed."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._status

    @property
    def status(self) -> DownloadStatus:
        """State, bytes, reason and folders, all of the same moment."""
        return self._status

    @property
    def state(self) -> State:
        """`status.state`."""
        return self._status.state

    @property
    def progress(self) -> float:
        """`status.progress`."""
        return self._status.progress

    @property
    def reason(self) -> str:
        """`status.reason`."""
        return self._status.reason

    @property
    def folder(self) -> Path | None:
        """The first repo's folder, once all are done."""
        return next(iter(self._status.folders), None)

    def _run(self) -> None:
        names = " and ".join(self.repo_ids)
        try:
            folders = self._fetch_all()
        except Exception as error:  # the thread ends here: whatever it was, the state has to tell
            failure = explained(error, self._at_hand, self._endpoint)
            logger.warning("Download of %s: %s. %s", names, failure.state, failure.reason)
            self._status = replace(self._status, state=failure.state, reason=failure.reason)
        else:
            logger.info("The weights of %s are here.", names)
            self._status = replace(self._status, state="done", folders=folders)

    def _fetch_all(self) -> tuple[Path, ...]:
        files: list[_HubFile] = []
        for repo_id in self.repo_ids:
            if self._cached(repo_id) is None:
                self._at_hand = repo_id
                files += self._list_files(repo_id)
        self._status = replace(self._status, bytes_total=sum(file.size for file in files))
        _check_room(files)
        before = 0
        for file in files:
            self._at_hand = file.repo_id
            self._fetch(file, before=before)
            before += file.size
            self._status = replace(self._status, bytes_done=before)
        for repo_id, folder, commit in {(file.repo_id, file.folder, file.commit) for file in files}:
            reference = folder / "refs" / self._revisions.get(repo_id, REVISION)
            if reference.name != commit:
                reference.parent.mkdir(parents=True, exist_ok=True)
                reference.write_text(commit, encoding="utf-8")
        return tuple(self._found(repo_id) for repo_id in self.repo_ids)

    def _found(self, repo_id: str) -> Path:
        folder = self._cached(repo_id)
        if folder is None:
            raise DownloadError("refused", f"What the Hub has of {repo_id} is no whole checkpoint.")
        return folder

    def _cached(self, repo_id: str) -> Path | None:
        return cached_folder(repo_id, revision=self._revisions.get(repo_id), cache_dir=self._cache_dir)

    def _list_files(self, repo_id: str) -> list[_HubFile]:
        api = HfApi(endpoint=self._endpoint)
        revision = self._revisions.get(repo_id, REVISION)
        info = self._patiently(
            lambda timeout: api.model_info(repo_id, revision=revision, files_metadata=True, timeout=timeout)
        )
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        files = [
            self._facts(repo_id, siblings[name], commit=info.sha or "")
            for name in _wanted_names(repo_id, siblings)
        ]
        pickle = PICKLES.get(repo_id)
        if pickle is not None and files[0].sha256 not in (None, pickle.sha256):
            sentence = f"{pickle.file_name} of {repo_id} is another file than the one that may be opened."
            raise DownloadError("refused", sentence)
        return files

    def _facts(self, repo_id: str, sibling: RepoSibling, *, commit: str) -> _HubFile:
        """What is needed to fetch a file. What mirrors leave out of their heads, the listing has too."""
        name, lfs = sibling.rfilename, sibling.lfs
        url = hf_hub_url(
            repo_id, name, revision=commit or self._revisions.get(repo_id, REVISION), endpoint=self._endpoint
        )
        head = self._patiently(
            lambda timeout: get_hf_file_metadata(url, timeout=timeout, endpoint=self._endpoint)
        )
        sha256 = None if lfs is None else lfs.sha256
        etag = head.etag or sha256 or sibling.blob_id or ""
        commit = commit or head.commit_hash or ""
        # Both become names in the cache: none may lead out of it.
        if not re.fullmatch(r"\w[\w.-]*", etag) or not re.fullmatch(r"\w+", commit):
            raise ValueError(f"no ETag or commit for {name}")
        size = head.size or sibling.size or 0
        folder = repo_folder(repo_id, cache_dir=self._cache_dir)
        return _HubFile(repo_id, name, url, commit, etag, size, sha256, folder)

    def _patiently(self, ask: Callable[[float], Answer]) -> Answer:
        """A short answer, waited for once more and longer: mirrors fetch files before they tell of them."""
        try:
            return ask(self._facts_timeout)
        except HTTPError as error:
            # Of httpx or httpx2, whichever this release of huggingface_hub speaks through.
            if not any(kind.__name__ == "ReadTimeout" for kind in type(error).__mro__):
                raise
            return ask(self._patient_timeout)

    def _fetch(self, file: _HubFile, *, before: int) -> None:
        """Put `file` into its snapshot; `before`: the bytes of the files fetched before it."""
        if file.pointer.exists():
            return
        for folder in (file.blob.parent, file.pointer.parent, file.lock.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(file.lock):  # huggingface_hub's own, so that no two processes write one file
            if not file.blob.exists():
                self._transfer(file, before=before)
                _check_content(file)
                file.partial.replace(file.blob)
            _link(file)

    def _transfer(self, file: _HubFile, *, before: int) -> None:
        """Stream until the partial file has its full size; each attempt goes on from the last.

        Where nobody said what that is, until the server says that it has sent all.
        """
        failures = 0
        while (have := _size(file.partial)) != file.size or not file.size:
            try:
                self._stream(file, before=before)
                if not file.size:
                    return
            except HTTPError as error:
                if is_refusal(error):
                    raise
                logger.info("%s of %s was interrupted: %s", file.name, file.repo_id, error)
            failures = 0 if _size(file.partial) > have else failures + 1
            if failures == ATTEMPTS:
                sentence = f"The Hub stopped sending {file.name} of {file.repo_id}; what came is kept."
                raise DownloadError("cut off", sentence)
            if failures:
                time.sleep(PAUSE_SECONDS)

    def _stream(self, file: _HubFile, *, before: int) -> None:
        headers = build_hf_headers(headers={"Accept-Encoding": "identity"})  # ranges of the file itself
        have = _size(file.partial)
        if 0 < have < file.size:  # of an unknown size it is not known what is there: it comes anew
            headers["Range"] = f"bytes={have}-"
        with get_session().stream("GET", file.url, headers=headers, timeout=self._bytes_timeout) as response:
            hf_raise_for_status(response)
            if response.status_code != HTTPStatus.PARTIAL_CONTENT:  # the whole file comes
                have = 0
            with file.partial.open("ab" if have else "wb") as out:
                for chunk in response.iter_bytes():
                    out.write(chunk)
                    have += len(chunk)
                    self._status = replace(self._status, bytes_done=before + have)


@dataclass(frozen=True, slots=True)
class _HubFile:
    """One file to fetch, and its places in the cache. size: 0 where neither listing nor head has it."""

    repo_id: str
    name: str
    url: str
    commit: str
    etag: str
    size: int
    sha256: str | None
    folder: Path

    @property
    def blob(self) -> Path:
        return self.folder / "blobs" / self.etag

    @property
    def partial(self) -> Path:
        return self.folder / "blobs" / f"{self.etag}.incomplete"

    @property
    def pointer(self) -> Path:
        return self.folder / "snapshots" / self.commit / self.name

    @property
    def lock(self) -> Path:
        return self.folder.parent / ".locks" / self.folder.name / f"{self.etag}.lock"


def _wanted_names(repo_id: str, names: Collection[str]) -> list[str]:
    """Of a repo's files, those to fetch: no second copy of the weights, and a pickle only of `PICKLES`."""
    pickle = PICKLES.get(repo_id)
    if pickle is not None and pickle.file_name in names:
        return [pickle.file_name]
    if WEIGHTS in names:
        weights = [WEIGHTS]
    elif WEIGHTS_INDEX in names:
        shards = sorted(name for name in names if re.fullmatch(r"[\w.-]+\.safetensors", name))
        weights = [WEIGHTS_INDEX, *shards]
    else:
        sentence = f"{repo_id} has no {WEIGHTS} on the Hub, and pickled weights are not loaded."
        raise DownloadError("refused", sentence)
    if CONFIG not in names:
        raise DownloadError("refused", f"{repo_id} has no {CONFIG} on the Hub.")
    return [CONFIG, *({PREPROCESSOR} & set(names)), *weights]


def _check_room(files: Sequence[_HubFile]) -> None:
    """Refuse before the first byte what the disk cannot hold."""
    missing = [file for file in files if not file.pointer.exists()]
    if not missing:
        return
    cache = missing[0].folder.parent
    cache.mkdir(parents=True, exist_ok=True)
    needed = sum(file.size - _size(file.partial) for file in missing)
    free = shutil.disk_usage(cache).free
    if needed > free:
        sentence = f"The weights need {needed / 1e6:,.0f} MB and the disk has {free / 1e6:,.0f} MB left."
        raise DownloadError("refused", sentence)


def _check_content(file: _HubFile) -> None:
    """Throw a partial file away that is full but not what the Hub's hash promises.

    Without a hash and a size, weights at least have to be as long as they say themselves.
    """
    if file.sha256 is not None:
        is_right = _sha256(file.partial) == file.sha256
    else:
        is_right = bool(file.size) or not file.name.endswith(".safetensors") or is_whole(file.partial)
    if not is_right:
        file.partial.unlink()
        sentence = f"{file.name} of {file.repo_id} arrived damaged and was thrown away."
        raise DownloadError("cut off", sentence)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _link(file: _HubFile) -> None:
    """Let the snapshot hold the whole blob, as huggingface_hub has it."""
    if file.pointer.exists():
        return
    file.pointer.unlink(missing_ok=True)  # a link to a blob that was deleted
    try:
        file.pointer.symlink_to(Path("..", "..", "blobs", file.etag))
    except OSError:  # a disk or a system without links: the snapshot gets the file itself
        file.blob.replace(file.pointer)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
