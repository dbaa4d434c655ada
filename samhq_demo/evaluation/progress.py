"""How far an evaluation is, on the terminal: one line that changes, or a line now and then in a file."""

from __future__ import annotations

import time
from typing import TextIO

from samhq_demo.evaluation.records import PictureRecord

_EVERY_S = 30.0


class Progress:
    """Counts pictures as they are done; writes to a stream, which need not be a terminal."""

    def __init__(self, stream: TextIO, *, total: int, done: int) -> None:
        """done: of the total, those that were done before."""
        self._stream = stream
        self._total, self._done, self._before = total, done, done
        self._began = self._told = time.monotonic()
        self._objects, self._skipped = 0, 0
        self._sums = [0.0, 0.0]
        self._length = 0

    def add(self, record: PictureRecord) -> None:
        """Count a picture, and tell."""
        self._done += 1
        if record.problem is not None:
            self._skipped += 1
            self._write(f"Skipped {record.picture}: {record.problem}", stays=True)
        for item in record.objects:
            self._objects += 1
            self._sums[0] += item.sam.iou
            self._sums[1] += item.sam_hq.iou
        now = time.monotonic()
        if self._stream.isatty():
            self._write(self._line(now), stays=False)
        elif now - self._told >= _EVERY_S:
            self._told = now
            self._write(self._line(now), stays=True)

    def close(self) -> None:
        """Leave the last line as it stands."""
        if self._length:
            self._stream.write("\n")
            self._length = 0

    def _line(self, now: float) -> str:
        made = self._done - self._before
        each = (now - self._began) / made
        parts = [f"{self._done} of {self._total} pictures, {each:.2f} s each"]
        if self._done < self._total:
            parts.append(f"{_duration(each * (self._total - self._done))} left")
        if self._objects:
            sam, sam_hq = (total / self._objects for total in self._sums)
            parts.append(f"mIoU so far SAM {100 * sam:.1f}, SAM-HQ {100 * sam_hq:.1f}")
        if self._skipped:
            parts.append(f"{self._skipped} skipped")
        return "; ".join(parts)

    def _write(self, text: str, *, stays: bool) -> None:
        if self._length:
            self._stream.write("\r" + " " * self._length + "\r")
        self._stream.write(text + ("\n" if stays else ""))
        self._length = 0 if stays else len(text)
        self._stream.flush()


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
