"""What was found, picture by picture, as lines of JSON in a file: an evaluation goes on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samhq_demo.masks.runs import Rle
from samhq_demo.results.comparison import Branch

_FORM = "samhq_demo.evaluation 1"


@dataclass(frozen=True, slots=True)
class BranchRecord:
    """One branch's answer to one object.

    Attributes:
        prompt: as `Prompt.to_json` has it.
        rle: the mask, in COCO's form; None where it was left out.
        click_ious: the IoU after each click of an interactive session.
    """

    iou: float
    boundary_iou: float
    predicted_iou: float
    prompt: Mapping[str, Any]
    rle: Rle | None = None
    click_ious: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One object. area: pixels of the truth. share: of the picture. thinness: as in `metrics`."""

    name: str
    area: int
    share: float
    thinness: float
    sam: BranchRecord
    sam_hq: BranchRecord

    def by(self, branch: Branch) -> BranchRecord:
        return self.sam if branch == "sam" else self.sam_hq


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """One picture: its objects, or the problem because of which it was skipped.

    Attributes:
        milliseconds: "read", "encode", "decode" and "score".
    """

    picture: str
    group: str = ""
    size_wh: tuple[int, int] = (0, 0)
    objects: tuple[ObjectRecord, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    problem: str | None = None

    def to_line(self) -> str:
        """One line of JSON, without its end."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_line(cls, line: str, *, with_masks: bool = False) -> PictureRecord:
        """Raises ValueError, KeyError or TypeError for a line that is none."""
        read = json.loads(line)
        return cls(
            picture=read["picture"],
            group=read["group"],
            size_wh=(read["size_wh"][0], read["size_wh"][1]),
            objects=tuple(_object(one, with_masks=with_masks) for one in read["objects"]),
            milliseconds=read["milliseconds"],
            problem=read["problem"],
        )


def _object(read: Mapping[str, Any], *, with_masks: bool) -> ObjectRecord:
    branches = {
        name: BranchRecord(
            **{
                **read[name],
                "rle": read[name]["rle"] if with_masks else None,
                "click_ious": tuple(read[name]["click_ious"]),
            }
        )
        for name in ("sam", "sam_hq")
    }
    return ObjectRecord(**{**read, **branches})


class RecordFile:
    """The file of one evaluation: a first line that says how it was made, then one line a picture.

    Each line is written as soon as its picture is done, so that whatever stops the program costs at most the
    picture at hand. Problems are dropped when a file is opened again: a file that was mended is read then.
    """

    def __init__(self, path: Path, *, settings: Mapping[str, Any], fresh: bool = False) -> None:
        """Open the file, or begin it.

        Args:
            settings: what the numbers depend on; JSON values.
            fresh: whether to begin anew.

        Raises:
            ValueError: the file is of other settings, or none of ours.
        """
        self.path = path
        self._head = {"form": _FORM, "settings": dict(settings)}
        self._done: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and not fresh:
            self._check_head()
        self._rewrite(keep=path.is_file() and not fresh)

    @property
    def done(self) -> frozenset[str]:
        """The names of the pictures that are done."""
        return frozenset(self._done)

    def append(self, record: PictureRecord) -> None:
        """Add a picture's line, at once on the disk."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(record.to_line() + "\n")
        if record.problem is None:
            self._done.add(record.picture)

    def records(self, *, with_masks: bool = False) -> Iterator[PictureRecord]:
        """The pictures one after the other, in the order in which they were done."""
        with self.path.open(encoding="utf-8") as file:
            next(file)
            for line in file:
                yield PictureRecord.from_line(line, with_masks=with_masks)

    def _check_head(self) -> None:
        with self.path.open(encoding="utf-8") as file:
            try:
                found = json.loads(file.readline())
            except ValueError:
                found = None
        if not isinstance(found, dict) or found.get("form") != _FORM:
            raise ValueError(
                f"{self.path} is no file of results that can be gone on with: name another folder by --out."
            )
        before, now = found["settings"], json.loads(json.dumps(self._head["settings"]))
        changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if changed:
            was = ", ".join(f"{key} {before.get(key)} then, {now.get(key)} now" for key in changed)
            raise ValueError(
                f"{self.path} has results of another evaluation ({was}): name another folder by --out, or "
                "begin anew with --fresh."
            )

    def _rewrite(self, *, keep: bool) -> None:
        """Write the head and the good lines of before: what was cut off when the program ended is none."""
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(self._head) + "\n")
            for line, name in self._good_lines() if keep else ():
                file.write(line)
                self._done.add(name)
        fresh.replace(self.path)

    def _good_lines(self) -> Iterator[tuple[str, str]]:
        with self.path.open(encoding="utf-8", errors="replace") as file:
            next(file, None)
            for line in file:
                try:
                    record = PictureRecord.from_line(line)
                except (ValueError, KeyError, TypeError):
                    continue
                if record.problem is None and record.picture not in self._done and line.endswith("\n"):
                    yield line, record.picture
