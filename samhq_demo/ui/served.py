"""Files that this app writes for a visitor, where Gradio serves and tidies them."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder
from numpy.typing import NDArray
from PIL import Image

from samhq_demo.export.gray_png import gray_png
from samhq_demo.masks.runs import Runs

# Some thousand masks, exports and views of large photos.
MAX_BYTES = 2 * 2**30
# Some hundred large photos beside all smaller ones of a day.
MAX_UPLOADED_BYTES = 4 * 2**30
# Files known by what they were made of; each takes some hundred bytes.
_MAX_REMEMBERED = 10_000
# Names are made of content with it, so that nobody can tell the name of a file whose content they know.
_KEY = secrets.token_bytes(32)


class _SteadySet(set[str]):
    """Can be gone through while another thread adds to it: Gradio does so as it deletes old files."""

    def __iter__(self) -> Iterator[str]:
        return set.__iter__(self.copy())


class WrittenFiles:
    """The files written for visitors: the oldest go where all take more than `max_bytes`. Safe under threads.

    Args:
        paths: to be used as `paths` below.
        in_use: says which paths are to go after all others.

    Attributes:
        paths: what is there, to be put into the `temp_file_sets` of a `gr.Blocks`. Gradio then deletes from
            it, as it deletes uploads, what is older than its `delete_cache` says, and all when the app ends.
    """

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        paths: set[str] | None = None,
        in_use: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.paths: set[str] = _SteadySet() if paths is None else paths
        self._max_bytes = max_bytes
        self._in_use = in_use
        # By age; None: not known to be written yet.
        self._sizes: dict[str, int | None] = {}
        # By what they were made of, see `write_once`.
        self._made: OrderedDict[str, Path] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, path: Path) -> None:
        """A file that is about to be written. Those before it are deleted where they take too much."""
        with self._lock:
            self._measure()
            self._make_room()
            self._drop(path)  # one that comes again is the youngest
            self.paths.add(str(path))
            self._sizes[str(path)] = None

    def forget(self, path: Path) -> None:
        """Delete a file whose writing failed: on a full disk its beginning would stay."""
        with self._lock:
            path.unlink(missing_ok=True)
            self._drop(path)

    def settle(self, path: Path, name: str) -> Path:
        """Where a file that has been written stays: at the one of the same content, where that is there."""
        digest = hashlib.blake2b(path.read_bytes(), key=_KEY, digest_size=16).hexdigest()
        place = path.with_name(f"{Path(name).stem}-{digest}{path.suffix}")
        with self._lock:
            if str(place) in self.paths and place.is_file():
                path.unlink(missing_ok=True)
                os.utime(place)  # it is as young as what was asked for just now
            else:
                path.replace(place)
            self._drop(path)
            self._drop(place)
            self.paths.add(str(place))
            self._sizes[str(place)] = place.stat().st_size
        return place

    def made_of(self, key: str) -> Path | None:
        """The file that was made of what `key` stands for, as young as if it were made now; None without."""
        with self._lock:
            path = self._made.get(key)
            if path is None or str(path) not in self.paths or not path.is_file():
                return None
            os.utime(path)
            self._sizes[str(path)] = self._sizes.pop(str(path), None)
            return path

    def remember(self, key: str, path: Path) -> None:
        """What a file was made of, for `made_of`."""
        with self._lock:
            self._made[key] = path
            while len(self._made) > _MAX_REMEMBERED:
                self._made.popitem(last=False)

    def _drop(self, path: Path) -> None:
        self.paths.discard(str(path))
        self._sizes.pop(str(path), None)

    def _measure(self) -> None:
        for path, size in list(self._sizes.items()):
            if path not in self.paths:  # Gradio has deleted it
                del self._sizes[path]
            elif size is None and Path(path).is_file():
                self._sizes[path] = Path(path).stat().st_size

    def _make_room(self) -> None:
        total = sum(size or 0 for size in self._sizes.values())
        if total <= self._max_bytes:
            return
        in_use = self._in_use()
        for path, size in sorted(self._sizes.items(), key=lambda item: item[0] in in_use):
            if total <= self._max_bytes:
                return
            if size is not None:
                Path(path).unlink(missing_ok=True)
                total -= size
                del self._sizes[path]
                self.paths.discard(path)


class UploadedFiles(_SteadySet):
    """Gradio's own set of the files that visitors sent, held under a bound in bytes as `WrittenFiles` are."""

    def __init__(self, *, in_use: Callable[[], Collection[str]], max_bytes: int = MAX_UPLOADED_BYTES) -> None:
        super().__init__()
        self._files = WrittenFiles(max_bytes=max_bytes, paths=self, in_use=in_use)

    def update(self, *groups: Iterable[str]) -> None:
        """Uploads that have just come."""
        for path in chain(*groups):
            self._files.add(Path(path))


def bound_uploads(
    blocks: gr.Blocks, *, in_use: Callable[[], Collection[str]], max_bytes: int = MAX_UPLOADED_BYTES
) -> None:
    """Hold all uploads to `blocks` under a bound: the oldest go first, those `in_use` after all others."""
    kept, before = UploadedFiles(in_use=in_use, max_bytes=max_bytes), blocks.upload_file_set
    blocks.upload_file_set = kept
    blocks.temp_file_sets[:] = [kept if one is before else one for one in blocks.temp_file_sets]


# By upload folder: a process has one, but for tests that start several apps.
_WRITTEN: dict[Path, WrittenFiles] = {}


def written_files() -> WrittenFiles:
    """Those in the upload folder."""
    return _WRITTEN.setdefault(_folder(), WrittenFiles())


def _folder() -> Path:
    return Path(get_upload_folder()).absolute()


def new_file(name: str) -> Path:
    """A path for a new file, as `name` says ("mask.png") but for what makes it impossible to guess.

    Whoever knows a path can fetch it. It is deleted like an upload; see `WrittenFiles`.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(name)
    path = folder / f"{wanted.stem}-{secrets.token_hex(16)}{wanted.suffix}"
    written_files().add(path)
    return path


def new_folder(name: str) -> Path:
    """An empty folder that nobody can guess; what is put into it has to be told to `written_files`."""
    folder = _folder() / f"{name}-{secrets.token_hex(16)}"
    folder.mkdir(parents=True)
    return folder


def write_once(name: str, write: Callable[[Path], object], *, key: str | None = None) -> Path:
    """A file as `new_file` gives it, with what `write` writes to a path; the same content is kept once.

    Args:
        key: stands for all that the content depends on: where a file with it is there, nothing is written.
    """
    known = None if key is None else written_files().made_of(key)
    if known is not None:
        return known
    path = new_file(name)
    try:
        write(path)
        settled = written_files().settle(path, name)
        if key is not None:
            written_files().remember(key, settled)
        return settled
    except BaseException:
        written_files().forget(path)
        raise


def write_overlay(pixels: NDArray[np.uint8], *, name: str) -> Path:
    """Write (h, w, 3) RGB pixels for people to look at, as a JPEG."""
    return write_once(f"{name}.jpg", partial(Image.fromarray(pixels).save, quality=90))


def write_mask(mask: Runs, *, name: str, void: Runs | None = None) -> Path:
    """Write a mask as an 8-bit gray PNG, 255 in it and else 0.

    Args:
        name: of the file as its reader sees it, without ending.
        void: what a true mask leaves open; the file then holds labels, 1 in the mask and 255 in the void.
    """
    values = np.where(mask.mask(), np.uint8(255 if void is None else 1), np.uint8(0))
    if void is not None:
        values[void.mask()] = 255
    return write_once(f"{name}.png", lambda path: path.write_bytes(gray_png(values)))
