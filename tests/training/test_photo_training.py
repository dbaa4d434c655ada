"""Photos to learn from: what is taken from packages, its segments, and scenes put together from them."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import pack as packing
from training import sources, train
from training.agreement import agreement
from training.batches import Batches, Diet
from training.export import TINY
from training.losses import AffinityHead
from training.muon import Muon, orthogonal
from training.pack import Pictures, photo_of, read_pack, sprite_of
from training.photo_scenes import Mixture, PhotoScenes
from training.segments import segment_tree
from training.sources import Source, fetch, pictures

MACHINE = train.Machine("cpu", low_precision=False, workers=1)


def two_fields() -> np.ndarray:
    """A picture of two textured halves, with a disc of a third color in the left one."""
    rng = np.random.default_rng(0)
    image = np.empty((96, 128, 3))
    image[:, :64], image[:, 64:] = (60, 120, 60), (150, 140, 90)
    ys, xs = np.mgrid[:96, :128]
    image[np.hypot(ys - 48, xs - 30) < 16] = (200, 60, 50)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def pictures_of(count: int = 2) -> Pictures:
    image = two_fields()
    sprite = np.zeros((40, 30, 4), np.uint8)
    sprite[5:35, 5:25] = (240, 240, 20, 255)
    return Pictures(tuple((image, segment_tree(image)) for _ in range(count)), (sprite,))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_a_tree_has_the_regions_that_people_see_and_they_last() -> None:
    image = two_fields()
    tree = segment_tree(image)
    members, persistence = tree.members(), tree.persistence()
    assert members.shape == (2 * tree.count - 1, tree.count)
    assert members[-1].all()
    assert (np.diff(tree.heights) >= 0).all()
    ys, xs = np.mgrid[:96, :128]
    disc = np.hypot(ys - 48, xs - 30) < 16
    best = max(range(len(members)), key=lambda node: iou(members[node][tree.labels], disc))
    assert iou(members[best][tree.labels], disc) > 0.9
    # Only the ground may last longer than the disc does.
    inner = [node for node in range(len(members)) if members[node][tree.labels].sum() <= disc.sum() * 1.2]
    assert persistence[best] == max(persistence[inner])


def test_a_plain_picture_is_one_region_or_a_few() -> None:
    tree = segment_tree(np.full((40, 50, 3), 128, np.uint8))
    assert tree.labels.shape == (40, 50)
    assert tree.count == 1
    assert tree.members().shape == (1, 1)


def test_the_same_seed_draws_the_same_photo_scene() -> None:
    scenes = PhotoScenes(pictures_of(), Mixture())
    first, again = (scenes.draw(np.random.default_rng(3), size_wh=(64, 48)) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert len(first.objects) == len(again.objects)
    assert first.image.shape == (48, 64, 3)
    assert first.ground == "photo"


def test_segments_lie_under_pasted_objects_and_in_one_piece() -> None:
    scenes = PhotoScenes(pictures_of(), Mixture(busy_share=1.0))
    kinds = set()
    for seed in range(30):
        scene = scenes.draw(np.random.default_rng(seed), size_wh=(96, 72))
        kinds |= {o.kind for o in scene.objects}
        pasted = np.zeros(scene.image.shape[:2], bool)
        for item in scene.objects:
            if item.kind != "segment":
                pasted |= item.mask
        for item in scene.objects:
            assert item.mask.any()
            if item.kind == "segment":
                assert not (item.mask & pasted).any()
    assert {"segment", "plain"} <= kinds


def test_a_pasted_object_is_where_its_mask_says() -> None:
    scenes = PhotoScenes(pictures_of(), Mixture(busy_share=0.0, sprite_share=0.0, thin_share=1.0))
    scene = scenes.draw(np.random.default_rng(1), size_wh=(96, 72))
    assert {o.kind for o in scene.objects} == {"thin"}


def test_batches_of_photos_begin_anywhere_and_tell_unsorted_ground() -> None:
    diet = Diet(64, 2, 1, 0.2, ("plain", "segment", "thin"), seed=3, photo_share=1.0)
    scenes = PhotoScenes(pictures_of(), Mixture())
    batches = Batches(diet, 8, scenes)
    batches[0]
    later, fresh = batches[3], Batches(diet, 8, scenes)[3]
    assert all(torch.equal(later[key], fresh[key]) for key in later)
    assert later["instances"].min() == -1
    with pytest.raises(ValueError, match="packed file"):
        Batches(diet, 8)


def test_prompts_on_a_photos_own_segments_can_go_anywhere_but_the_third_sort() -> None:
    """Without a mask: nobody knows what is there. Where an object was pasted they stay on it."""
    diet = Diet(64, 8, 1, 0.2, ("plain", "segment", "thin"), seed=3, photo_share=1.0, anywhere=1.0)
    batch = Batches(diet, 1, PhotoScenes(pictures_of(), Mixture()))[0]
    segments = ~batch["exact"]
    assert segments[:, :2].any()
    assert batch["exact"].any()
    empty = ~batch["masks"].flatten(2).any(2)
    assert torch.equal(empty[:, :2], segments[:, :2])
    assert not empty[:, 2].any()
    x0, y0, x1, y1 = batch["boxes"][:, :2][segments[:, :2]].T
    assert (x1 - x0 > 4).all()
    assert (y1 - y0 > 3).all()
    assert min(x0.min(), y0.min()) >= 0
    assert max(x1.max(), y1.max()) <= 64
    assert (batch["clicks"] >= 0).all()
    assert (batch["clicks"] <= 63).all()


def test_nothing_is_learnt_of_two_unsorted_places() -> None:
    head = AffinityHead(4)
    embeddings = torch.randn(1, 4, 4, 4, requires_grad=True)
    unsorted = torch.full((1, 16, 16), -1)
    assert head(embeddings, unsorted, torch.Generator().manual_seed(0)).item() == 0
    unsorted[:, :8] = 1
    assert head(embeddings, unsorted, torch.Generator().manual_seed(0)).item() > 0


def test_muon_steps_are_orthogonal_and_go_downhill() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(3, 16, 64)))
    assert values.min() > 0.5
    assert values.max() < 1.3
    weight = torch.nn.Parameter(torch.randn(8, 4))
    target = torch.randn(8, 4)
    optimizer = Muon([weight], lr=0.05)
    losses = []
    for _ in range(200):
        loss = (weight - target).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_an_object_is_cut_to_its_alpha_channel() -> None:
    canvas = Image.new("RGBA", (400, 300))
    canvas.paste((10, 200, 30, 255), (100, 50, 200, 250))
    canvas.putpixel((0, 0), (0, 0, 0, 20))
    cut = sprite_of(canvas)
    assert cut is None  # a full rectangle has no outline to learn
    canvas.paste((0, 0, 0, 0), (150, 50, 200, 150))
    cut = sprite_of(canvas)
    assert cut is not None
    assert cut.size == (96, 192)
    assert sprite_of(Image.new("RGB", (100, 100))) is None


def test_icons_and_flat_drawings_are_no_photos() -> None:
    rng = np.random.default_rng(0)
    colorful = Image.fromarray(rng.integers(0, 255, (600, 800, 3), np.uint8))
    photo = photo_of(colorful)
    assert photo is not None
    assert photo.size == (448, 336)
    assert photo_of(colorful.resize((100, 80))) is None
    assert photo_of(Image.new("RGB", (800, 600), "red")) is None


def test_packing_keeps_photos_trees_and_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = tmp_path / "downloads" / "some-photos"
    unpacked.mkdir(parents=True)
    Image.fromarray(two_fields()).resize((640, 480)).save(unpacked / "fields.png")
    sprite = Image.new("RGBA", (64, 64))
    sprite.paste((255, 0, 0, 255), (8, 8, 40, 20))
    sprite.paste((255, 0, 0, 255), (8, 20, 20, 60))
    sprite.save(unpacked / "corner.webp")
    monkeypatch.setattr(packing, "_TONES", 0)
    monkeypatch.setattr(
        packing,
        "SOURCES",
        (
            Source("debian", "some-photos", "photos", ("*.png",), "CC0"),
            Source("debian", "some-photos", "sprites", ("*.webp",), "CC0"),
        ),
    )
    packing.pack(tmp_path / "downloads", tmp_path / "pictures.zip")
    read = read_pack(tmp_path / "pictures.zip")
    assert [photo.shape for photo, _ in read.photos] == [(336, 448, 3)]
    assert read.photos[0][1].labels.shape == (240, 320)
    assert [s.shape for s in read.sprites] == [(52, 32, 4)]


def test_pictures_inside_a_resource_file_are_found(tmp_path: Path) -> None:
    inner = io.BytesIO()
    Image.fromarray(two_fields()).save(inner, "JPEG")
    (tmp_path / "some.rcc").write_bytes(
        b"qres\x00\x01 junk " + inner.getvalue() + b"\xff\xd8\xff\xe0 no picture"
    )
    source = Source("debian", "x", "photos", ("*.rcc",), "CC0")
    assert [image.size for _, image in pictures(source, tmp_path)] == [(128, 96)]


def test_a_package_is_fetched_once_by_its_registrys_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def client(command: list[str], folder: Path, *, hint: str) -> None:
        calls.append(command)
        with tarfile.open(folder / "some.tgz", "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("package/a.webp"))

    monkeypatch.setattr(sources, "_run", client)
    source = Source("npm", "@some/pictures", "sprites", ("package/*.webp",), "MIT")
    for _ in range(2):
        assert (fetch(source, tmp_path) / "package" / "a.webp").exists()
    assert calls == [["npm", "pack", "@some/pictures", "--silent"]]


def test_a_client_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no-such-client is not on this machine"):
        sources._run(["no-such-client"], tmp_path, hint="it")
    with pytest.raises(RuntimeError, match="failed"):
        sources._run(["false"], tmp_path, hint="it")


@pytest.mark.parametrize("source", sources.SOURCES, ids=lambda s: s.package)
def test_every_source_states_its_license(source: Source) -> None:
    readme = (Path(__file__).parents[2] / "training" / "README.md").read_text()
    assert source.license
    assert source.package in readme
    assert source.license.split(",")[0].split(" ")[0] in readme


def bundled_sam() -> torch.nn.Module:
    """The bundled checkpoint as training holds it."""
    large = next(phase for phase in train.PHASES if phase.name == "large")
    return train.Run(large, Path("nowhere"), machine=MACHINE, init=TINY).model.eval()


def test_a_model_finds_the_segment_that_people_see_better_than_the_others() -> None:
    pictures = pictures_of()
    (found, *_) = agreement(bundled_sam(), pictures)
    photo, tree = pictures.photos[0]
    members = tree.members()
    ys, xs = np.mgrid[: photo.shape[0], : photo.shape[1]]
    disc = np.hypot(ys - 48, xs - 30) < 16
    ious = np.array([iou(held[tree.labels], disc) for held in members])
    assert found.shape == (len(members),)
    assert found[ious.argmax()] > 0.5
    assert found[ious.argmax()] >= found[ious < 0.5].max()
    shares = np.array([held[tree.labels].mean() for held in members])
    assert not found[(shares < 0.005) | (shares > 0.6)].any()


def test_only_segments_that_a_model_finds_are_drawn() -> None:
    pictures = pictures_of()
    _, tree = pictures.photos[0]
    shares = np.array([held[tree.labels].mean() for held in tree.members()])
    one = np.abs(shares - 0.1).argmin()
    found = [np.zeros(2 * t.count - 1, np.float32) for _, t in pictures.photos]
    found[0][one] = 0.9
    scenes = PhotoScenes(pictures, Mixture(busy_share=1.0), found)
    drawn = [scenes.draw(np.random.default_rng(seed), size_wh=(128, 96)) for seed in range(20)]
    assert all(sum(o.kind == "segment" for o in scene.objects) <= 1 for scene in drawn)
    assert any(o.kind == "segment" for scene in drawn for o in scene.objects)


def test_each_octave_of_size_is_drawn_alike_though_large_segments_are_found_better() -> None:
    pictures = pictures_of()
    large = 0.1
    found = []
    for _, tree in pictures.photos:
        shares = np.array([held[tree.labels].mean() for held in tree.members()])
        found.append(np.where(shares > large, 0.9, 0.45).astype(np.float32))
    scenes = PhotoScenes(pictures, Mixture(busy_share=1.0), found)
    first = []
    for seed in range(60):
        scene = scenes.draw(np.random.default_rng(seed), size_wh=(128, 96))
        first += [o.mask.mean() for o in scene.objects if o.kind == "segment"][:1]
    assert 0.3 < np.mean(np.array(first) < large) < 0.9


@pytest.mark.parametrize("name", ["large", "hq"])
def test_a_run_asks_once_what_its_model_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    phase = train.Phase(name, Diet(64, 1, 1, 0.2, ("plain",), seed=1), share=1, steps=1, rate=0.0, sifts=True)
    monkeypatch.setattr(train, "PHASES", (phase,))
    pictures = pictures_of()
    first = train.sifted(phase, tmp_path, pictures, machine=MACHINE)
    assert first is not None
    monkeypatch.delattr(train, "agreement")
    again = train.sifted(phase, tmp_path, pictures, machine=MACHINE)
    assert again is not None
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert train.sifted(replace(phase, sifts=False), tmp_path, pictures, machine=MACHINE) is None
