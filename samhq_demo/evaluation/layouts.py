"""Which pictures of a folder have true masks, and where these are: the layouts that data sets come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from samhq_demo.evaluation.coco_files import find_coco
from samhq_demo.evaluation.folders import DataSet, Item, Problem, pictures_below
from samhq_demo.evaluation.truths import MaskFiles

# What data sets call the two folders; HQSeg-44K has four of these pairs in it.
_PICTURES = ("im", "image", "images", "images_test", "img", "imgs")
_TRUTHS = ("gt", "mask", "masks", "masks_max255", "masks_test", "label", "labels", "annotations")
_DAVIS_PICTURES = "JPEGImages"
_DAVIS_TRUTHS = ("Annotations", "Annotations_unsupervised", "SegmentationObject", "SegmentationClass")
# NAME.jpg goes with NAME.png, and with NAME_mask.png, NAME_mask_2.png and so on.
_MASK_MARKS = ("mask", "gt", "label", "labels", "truth")
_LABEL_SUFFIXES = frozenset({".png", ".bmp", ".tif", ".tiff", ".gif"})

LAYOUTS = ("auto", "coco", "davis", "folders", "pairs")


def find_data_set(folder: Path, *, layout: str = "auto") -> DataSet:
    """The pictures of a folder with their true masks.

    A picture without a true mask, or the other way round, is one of the set's problems and no error.

    Args:
        layout: "coco": JSON files with `images` and `annotations`. "davis": `JPEGImages` beside `Annotations`
            (or Pascal VOC's `SegmentationObject`). "folders": `im` beside `gt`, or as other sets call them,
            any number of such pairs at any depth. "pairs": NAME.jpg and NAME.png, or NAME_mask.png, in one
            folder. "auto": the first of these of which there is anything.

    Raises:
        ValueError: there is no such folder or layout, it is empty, or no picture in it has a true mask.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"There is no layout {layout!r}; there are {', '.join(LAYOUTS)}.")
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}: name one with pictures and true masks.")
    if next(folder.iterdir(), None) is None:
        raise ValueError(f"The folder {folder} is empty: it must hold pictures and true masks.")
    finders = _FINDERS if layout == "auto" else {layout: _FINDERS[layout]}
    problems: list[Problem] = []
    for name, find in finders.items():
        found = find(folder)
        if found.items:
            return DataSet(name, found.items, found.problems)
        problems += found.problems
    raise ValueError(_nothing_found(folder, layout, problems))


def _nothing_found(folder: Path, layout: str, problems: list[Problem]) -> str:
    what = "" if layout == "auto" else f" in the layout {layout}"
    if problems:
        more = f" ({len(problems) - 1} more like this)" if len(problems) > 1 else ""
        return f"No picture in {folder.name} has a true mask{what}. {problems[0].text.rstrip('.')}{more}."
    return (
        f"No picture in {folder.name} has a true mask{what}: give im/NAME.jpg with gt/NAME.png, JPEGImages/ "
        "with Annotations/, NAME.jpg with NAME.png, or a COCO JSON file beside its pictures."
    )


def _find_folders(folder: Path) -> DataSet:
    found = [
        _matched(folder, parent / pictures, parent / truths)
        for parent in (folder, *_folders_below(folder))
        if (pictures := _first_folder(parent, _PICTURES)) and (truths := _first_folder(parent, _TRUTHS))
    ]
    return _joined(found)


def _find_davis(folder: Path) -> DataSet:
    found = []
    for parent in (folder, *_folders_below(folder)):
        pictures = parent / _DAVIS_PICTURES
        # Pascal VOC's Annotations hold boxes in XML.
        truths = (parent / name for name in _DAVIS_TRUTHS if (parent / name).is_dir())
        masks = next((one for one in truths if next(pictures_below(one), None)), None)
        if pictures.is_dir() and masks is not None:
            found.append(_matched(folder, pictures, masks))
    return _joined(found)


def _first_folder(parent: Path, names: tuple[str, ...]) -> str | None:
    """The subfolder that is called by the first of these names, in capitals or not."""
    here = {path.name.lower(): path.name for path in parent.iterdir() if path.is_dir()}
    return next((here[name] for name in names if name in here), None)


def _folders_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield path
            yield from _folders_below(path)


def _matched(top: Path, pictures: Path, truths: Path) -> DataSet:
    """Pictures below one folder and true masks below the other, at the same path but for the suffix."""
    group = pictures.parent.relative_to(top).as_posix()
    shown = _by_stem(pictures_below(pictures), pictures)
    true = _by_stem(pictures_below(truths), truths)
    items = tuple(
        Item(
            shown[stem].relative_to(top).as_posix(),
            "" if group == "." else group,
            shown[stem],
            MaskFiles((true[stem],)),
        )
        for stem in shown
        if stem in true
    )
    return DataSet("", items, tuple(_unmatched(top, shown, true, (pictures, truths))))


def _by_stem(paths: Iterator[Path], folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}


def _unmatched(
    top: Path, shown: Mapping[str, Path], true: Mapping[str, Path], folders: tuple[Path, Path]
) -> Iterator[Problem]:
    pictures, truths = (folder.relative_to(top).as_posix() for folder in folders)
    for stem in sorted(shown.keys() ^ true.keys()):
        path = shown.get(stem) or true[stem]
        lacks = (
            f"true mask: it would be {truths}/{stem}.png"
            if stem in shown
            else (f"picture: it would be {pictures}/{stem}.jpg")
        )
        yield Problem(
            path.relative_to(top).as_posix(),
            f"It has no {lacks} ({len(shown)} pictures, {len(true)} true masks).",
        )


def _find_pairs(folder: Path) -> DataSet:
    """A file is a true mask where another file's name is its own, or its own without the mark."""
    files = list(pictures_below(folder, deep=False))
    stems = {path.stem for path in files if not _marked_name(path.stem)}
    truths: dict[str, list[Path]] = {}
    pictures: dict[str, Path] = {}
    for path in sorted(files, key=lambda path: (path.suffix.lower() in _LABEL_SUFFIXES, path.name)):
        owner = _marked_name(path.stem)
        if owner in stems:
            truths.setdefault(owner, []).append(path)
        elif path.stem in pictures and path.suffix.lower() in _LABEL_SUFFIXES:
            truths.setdefault(path.stem, []).append(path)
        else:
            pictures[path.stem] = path
    items = tuple(
        Item(pictures[stem].name, "", pictures[stem], MaskFiles(tuple(sorted(truths[stem]))))
        for stem in sorted(pictures)
        if stem in truths
    )
    alone = (
        Problem(path.name, f"It has no true mask: it would be {stem}.png or {stem}_mask.png beside it.")
        for stem, path in sorted(pictures.items())
        if stem not in truths
    )
    return DataSet("", items, tuple(alone))


def owner_of(stem: str, pictures: Mapping[str, object]) -> str:
    """The name of the picture that a true mask belongs to: its own, or its own without the mark."""
    marked = _marked_name(stem)
    return marked if stem not in pictures and marked in pictures else stem


def _marked_name(stem: str) -> str:
    """The picture's name in that of a mask, such as "cat" in "cat_mask" and "cat-mask-2"; else empty."""
    head, _, last = stem.replace("-", "_").rpartition("_")
    if last.isdecimal():
        head, _, last = head.rpartition("_")
    return stem[: len(head)] if head and last.lower() in _MASK_MARKS else ""


def _joined(found: list[DataSet]) -> DataSet:
    return DataSet(
        "",
        tuple(chain.from_iterable(one.items for one in found)),
        tuple(chain.from_iterable(one.problems for one in found)),
    )


_FINDERS: Mapping[str, Callable[[Path], DataSet]] = {
    "coco": find_coco,
    "davis": _find_davis,
    "folders": _find_folders,
    "pairs": _find_pairs,
}
