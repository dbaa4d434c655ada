"""Decodes in a process of its own what may cost more than it should: that one can be ended.

A thread cannot be stopped in the middle of a decoder, and one of Pillow's in Python holds up everyone for as
long as it runs. So only what is known to be quick is decoded where it was asked for; see `is_quick`. All else
goes to a worker with a clock and a bound on memory, which the system holds it to. A worker is kept for the
next file, and started anew after one that it did not survive.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, ParamSpec, TypeVar

from samhq_demo.pictures.decoding import decode_slot
from samhq_demo.pictures.files import Source, header_size_wh
from samhq_demo.pictures.quick import SMALL_BYTES, is_quick, is_quick_at

if sys.platform != "win32":
    import resource

MAX_SECONDS = 20  # of a processor's time: on a busy machine the same file may take longer by the clock
MAX_WAIT_SECONDS = 120.0  # by the clock, for what waits rather than works
# One of 64 megapixels of 16 bits a color took 1.4 GB; with room for the libraries' own.
MAX_MEMORY_BYTES = 4 * 2**30
_PACKAGE_ROOT = Path(__file__).parents[2]
_TOO_LONG = "The file takes too long to decode: over {seconds} seconds. Save it as a plain JPEG or PNG."
_DAMAGED = "The file is damaged, or takes too much memory to decode: save it as a plain JPEG or PNG."

Given = ParamSpec("Given")
Read = TypeVar("Read")


def bounded(read: Callable[Concatenate[Source, Given], Read]) -> Callable[Concatenate[Source, Given], Read]:
    """A decorator of what decodes a file: few at once, and in bounded time and memory whatever the file is.

    Raises ValueError, in one sentence, also for a file that went over its bounds.
    """

    @wraps(read)
    def held(source: Source, /, *args: Given.args, **kwargs: Given.kwargs) -> Read:
        with decode_slot():
            if _is_quick(source):
                return read(source, *args, **kwargs)
            found: Read = _WORKERS.run(held, source, *args, **kwargs)
            return found

    return held


def _is_quick(source: Source) -> bool:
    if isinstance(source, (str, Path)):
        try:
            with open(source, "rb") as file:
                return _is_quick_file(file)
        except (OSError, ValueError):  # whoever reads it says so
            return True
    return _is_seekable(source) and _is_quick_file(source)


def _is_seekable(file: BinaryIO) -> bool:
    # Spooled upload files are seekable, but say so only from Python 3.11 on.
    return bool(getattr(file, "seekable", lambda: True)())


def _content(source: Source) -> bytes | Path:
    if isinstance(source, (str, Path)):
        return Path(source).absolute()  # a worker stays where it was started
    if _is_seekable(source):
        source.seek(0)
    return source.read()


def _is_quick_file(file: BinaryIO) -> bool:
    byte_count = file.seek(0, io.SEEK_END)
    file.seek(0)
    quick = is_quick(file, byte_count)
    if not quick and byte_count > SMALL_BYTES:
        return False
    size_wh = header_size_wh(file)
    file.seek(0)
    return size_wh is None or is_quick_at(file, size_wh, is_usual=quick)


class Workers:
    """Processes that decode, each one file at a time; at most as many as there are callers. Thread-safe."""

    def __init__(self, *, seconds: int = MAX_SECONDS, wait_seconds: float = MAX_WAIT_SECONDS) -> None:
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def forget(self) -> None:
        """In a forked process: those there are belong to the other one."""
        self._idle, self._lock = [], threading.Lock()

    def run(self, read: Callable[..., Any], source: Source, *args: Any, **kwargs: Any) -> Any:
        """What `read`, a function of a module that `bounded` decorates, makes of a source.

        Raises:
            ValueError: what it raises, or that the file went over its bounds.
        """
        job = pickle.dumps((read, _content(source), args, kwargs, self._seconds))
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None or worker.poll() is not None:
            worker = _start()
        try:
            is_read, found = self._ask(worker, job)
        except BaseException:
            worker.kill()
            worker.wait()
            raise
        with self._lock:
            self._idle.append(worker)
        if is_read:
            return found
        raise found

    def _ask(self, worker: subprocess.Popen[bytes], job: bytes) -> Any:
        assert worker.stdin is not None
        assert worker.stdout is not None
        clock = threading.Timer(self._wait_seconds, worker.kill)
        clock.start()
        try:
            worker.stdin.write(job)
            worker.stdin.flush()
            return pickle.load(worker.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            worker.kill()  # where it has not ended by itself, as the system ends it
            is_late = clock.finished.is_set() or worker.wait() == _OUT_OF_TIME
            sentence = _TOO_LONG.format(seconds=self._seconds) if is_late else _DAMAGED
            raise ValueError(sentence) from error
        finally:
            clock.cancel()


_WORKERS = Workers()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_WORKERS.forget)
# How a process ends that the system ended for its time.
_OUT_OF_TIME = None if sys.platform == "win32" else -signal.SIGXCPU


def _start() -> subprocess.Popen[bytes]:
    paths = [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "samhq_demo.pictures.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Ctrl+C is not for it: it ends once nobody can send it files.
        start_new_session=True,
        # It has one thread to work with, and need not keep memory for others.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "OPENBLAS_NUM_THREADS": "1"},
    )


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """What a worker does: read one job after the other until there are none."""
    while True:
        try:
            read, content, args, kwargs, seconds = pickle.load(jobs)
        except EOFError:
            return
        _limit(seconds)
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        try:
            answer = True, read.__wrapped__(source, *args, **kwargs)
        except MemoryError:
            answer = False, ValueError(_DAMAGED)
        except Exception as error:
            answer = False, error
        pickle.dump(answer, answers, protocol=5)
        answers.flush()


def _limit(seconds: int) -> None:
    if sys.platform == "win32":
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MAX_MEMORY_BYTES)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
