"""What names stand for, and where their weights are: bundled, in a local folder, or on the Hugging Face Hub.

Nothing here loads a model or uses the network.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from samhq_demo.weights.folders import cached_folder, missing_part

# What weights are kept in as single files, here and elsewhere.
_FILE_SUFFIXES = frozenset({".pth", ".pt", ".ckpt", ".bin", ".pkl", ".onnx", ".safetensors", ".zip", ".tar"})
# Nobody's on the Hub, and everybody's on a disk.
_FOLDER_NAMES = frozenset(
    {"weights", "checkpoint", "checkpoints", "ckpt", "ckpts", "pretrained", "models", "."}
)

TINY_FOLDER = Path(__file__).parents[1] / "models" / "tiny"


@dataclass(frozen=True, slots=True)
class ModelName:
    """A name people can ask for, and the two checkpoints on the Hub that it stands for.

    `tiny` has none; inside that of `light` is its SAM, MobileSAM.
    """

    name: str
    sam_hq_repo_id: str | None = None
    sam_repo_id: str | None = None


NAMES: Mapping[str, ModelName] = {
    "tiny": ModelName("tiny"),
    "light": ModelName("light", "lkeab/hq-sam"),
    "base": ModelName("base", "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"),
    "large": ModelName("large", "syscv-community/sam-hq-vit-large", "facebook/sam-vit-large"),
    "huge": ModelName("huge", "syscv-community/sam-hq-vit-huge", "facebook/sam-vit-huge"),
}


# Parameters of SAM-HQ in all, and those that SAM does not have: counted, and held by a test.
COUNTED = {
    "tiny": (2_421_696, 137_216),
    "light": (10_252_548, 448_512),
    "base": (94_806_832, 1_071_104),
    "large": (313_676_336, 1_333_248),
    "huge": (642_686_256, 1_595_392),
}
_SAM_BY_WIDTH = {768: "base", 1024: "large", 1280: "huge"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where one checkpoint comes from: a repo on the Hub or a folder, never both.

    `sam_repo_id` is the published SAM of the same size, where there is one; `revision` what is wanted of the
    repo, None: the newest.
    """

    name: str
    repo_id: str | None = None
    folder: Path | None = None
    sam_repo_id: str | None = None
    revision: str | None = None

    def weights_folder(self, *, cache_dir: Path | None = None) -> Path | None:
        """The folder that holds the whole checkpoint, or None if it is not on this machine."""
        if self.repo_id is not None:
            return cached_folder(self.repo_id, revision=self.revision, cache_dir=cache_dir)
        if self.folder is not None and missing_part(self.folder) is None:
            return self.folder
        return None


def resolve(name: str, *, variable: str | None = None) -> Source:
    """Find what `name` stands for: one of `NAMES`, a local folder, or a Hub repo id.

    Args:
        variable: the setting that the name came from, for messages.

    Raises:
        ValueError: it is none of these, it is a file, or the folder holds no whole checkpoint.
    """
    known = NAMES.get(name)
    if known is not None:
        folder = TINY_FOLDER if known.sam_hq_repo_id is None else None
        return Source(name, repo_id=known.sam_hq_repo_id, folder=folder, sam_repo_id=known.sam_repo_id)
    path = Path(name).expanduser()
    given = f"The model {name!r}" if variable is None else f"{variable} is {name!r}: it"
    if name and path.is_dir():
        return _local(path.resolve())
    if path.suffix.lower() in _FILE_SUFFIXES or (name and path.is_file()):
        raise ValueError(f"{given} {_about_file(path)}")
    if name.count("/") == 1 and _is_repo_id(name) and (_is_known_repo(name) or not _means_folder(path)):
        published = {model.sam_hq_repo_id: model.sam_repo_id for model in NAMES.values()}
        return Source(name, repo_id=name, sam_repo_id=published.get(name))
    raise ValueError(
        f"{given} is none of {', '.join(NAMES)}, no folder that exists{_like(path)}, "
        "and no Hub repo id of the form owner/name."
    )


def sam_repo_of_width(folder: Path) -> str | None:
    """The published SAM with an encoder as wide as that of a SAM-HQ checkpoint's folder."""
    vision = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vision_config"]
    size = _SAM_BY_WIDTH.get(vision.get("hidden_size", 768))
    return NAMES[size].sam_repo_id if size else None


def _is_known_repo(name: str) -> bool:
    """Whether it is one of the published models, or in the Hub's cache."""
    published = {repo for model in NAMES.values() for repo in (model.sam_hq_repo_id, model.sam_repo_id)}
    return name in published or cached_folder(name) is not None


def _means_folder(path: Path) -> bool:
    """Whether owner/name is rather a folder that is not there: beside others, or where weights are kept."""
    return path.parent.is_dir() or path.parent.name.lower() in _FOLDER_NAMES


def _like(path: Path) -> str:
    """A folder that may have been meant, as a clause."""
    try:
        beside = [one.name for one in path.parent.iterdir() if one.is_dir()] if path.name else []
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, beside, n=1)
    return f" (is {str(path.parent / close[0])!r} meant?)" if close else ""


def _about_file(path: Path) -> str:
    """What a file of weights is, and what to give in its place."""
    if path.suffix.lower() == ".safetensors":
        return (
            "is a file of a checkpoint; give the folder that holds it beside its config.json and "
            "preprocessor_config.json."
        )
    repo_id = _original(path.name.lower())
    instead = f" The same weights in that format are {repo_id}." if repo_id else ""
    if path.name.lower().startswith("sam_hq_vit_t"):
        instead = " The same weights are the model light."
    return (
        "is a file, and a pickled checkpoint can run code when it is opened; give a folder in Hugging Face "
        f"format (config.json, preprocessor_config.json, model.safetensors) or a Hub repo id.{instead}"
    )


def _original(file_name: str) -> str | None:
    """The repository with the weights of an original checkpoint, by its file name."""
    for letter, size in (("b", "base"), ("l", "large"), ("h", "huge")):
        if file_name.startswith(f"sam_hq_vit_{letter}"):
            return NAMES[size].sam_hq_repo_id
        if file_name.startswith(f"sam_vit_{letter}"):
            return NAMES[size].sam_repo_id
    return None


def _local(folder: Path) -> Source:
    missing = missing_part(folder)
    if missing is not None:
        raise ValueError(f"The folder {str(folder)!r} is no checkpoint in Hugging Face format: {missing}.")
    # A folder that happens to be called "base" must not pass for the published model.
    return Source(f"local-{folder.name}" if folder.name in NAMES else folder.name, folder=folder)


def _is_repo_id(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True
