"""Which regions of a label map are asked for, where a click goes, and what files are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.label_maps import grid_of_regions, region, save_photo
from training.photos import Region, choose_regions, find_photos, is_fitting, read_labels, read_photos


def rectangle(area: int, *, size_hw: tuple[int, int] = (100, 100)) -> np.ndarray:
    """A mask that fills so many pixels row by row."""
    return (np.arange(size_hw[0] * size_hw[1]) < area).reshape(size_hw)


@pytest.mark.parametrize(("area", "fits"), [(99, False), (100, True), (4000, True), (4001, False)])
def test_regions_cover_one_to_forty_percent(area: int, fits: bool) -> None:
    assert is_fitting(rectangle(area)) is fits


@pytest.mark.parametrize(("crumb", "fits"), [(25, True), (26, False)])
def test_the_largest_piece_holds_95_percent_of_a_region(crumb: int, fits: bool) -> None:
    mask = np.zeros((100, 100), bool)
    mask[0:19, 0:25] = True  # 475 pixels: 95 % of 500
    mask[50, :crumb] = True
    assert is_fitting(mask) is fits


def test_pieces_that_touch_at_a_corner_are_two() -> None:
    mask = np.zeros((100, 100), bool)
    mask[0:20, 0:20] = mask[20:40, 20:40] = True
    assert not is_fitting(mask)


def test_at_most_four_regions_of_a_picture_are_chosen() -> None:
    labels = grid_of_regions(3, 3)
    chosen = choose_regions(labels, name="any")
    assert len({int(labels[r.mask][0]) for r in chosen}) == 4
    assert all(np.array_equal(r.mask, labels == labels[r.mask][0]) for r in chosen)


def test_every_value_of_a_label_map_is_a_region_even_0() -> None:
    labels = grid_of_regions(1, 3) - 1
    assert {int(labels[r.mask][0]) for r in choose_regions(labels, name="any")} == {0, 1, 2}


def test_regions_that_do_not_fit_are_not_chosen() -> None:
    labels = np.ones((100, 100), int)
    labels[:30] = 2
    labels[0, :5] = 3
    (only,) = choose_regions(labels, name="any")
    assert np.array_equal(only.mask, labels == 2)


def test_a_name_decides_which_regions_are_chosen() -> None:
    labels = grid_of_regions(5, 5)

    def chosen(name: str) -> list[int]:
        return [int(labels[r.mask][0]) for r in choose_regions(labels, name=name)]

    assert chosen("101085") == chosen("101085")
    assert len({tuple(chosen(str(number))) for number in range(8)}) > 1


def test_a_click_is_at_the_deepest_place() -> None:
    asked = region(
        ".........",
        ".#######.",
        ".###.....",
        ".###.....",
        ".........",
    )
    assert asked.click.points == ((2.0, 2.0),)


def test_the_border_of_the_picture_is_an_edge() -> None:
    asked = region(
        "#####..",
        "#####..",
        "#####..",
        "#####..",
        "#####..",
    )
    assert asked.deepest_xy == (2, 2)


def test_depth_is_euclidean() -> None:
    """A diamond's middle is sqrt(8) from the nearest pixel outside; in city blocks it would be 4."""
    diamond = np.add.outer(abs(np.arange(9) - 4), abs(np.arange(9) - 4)) <= 3
    square = np.zeros((9, 9), bool)
    square[2:7, 2:7] = True  # its middle is 3 from outside, by either measure
    both = Region(np.hstack([diamond, square]))
    assert both.deepest_xy == (9 + 4, 4)


def test_a_box_ends_one_past_the_last_pixel() -> None:
    asked = region(
        "......",
        "..##..",
        "..###.",
    )
    assert asked.box.box_xyxy == (2, 1, 5, 3)


def test_pictures_are_paired_with_label_maps_by_name(tmp_path: Path) -> None:
    labels = grid_of_regions(2, 2)
    pixels = np.zeros((20, 20, 3), np.uint8)
    for name in ("b", "a"):
        save_photo(tmp_path, name, pixels, labels)
    (tmp_path / "README.md").write_text("Other files may lie there.")
    found = find_photos(tmp_path)
    assert [(f.picture.name, f.labels.name) for f in found] == [("a.jpg", "a.png"), ("b.jpg", "b.png")]
    assert [len(photo.regions) for photo in read_photos(found)] == [4, 4]


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ((), "holds no pictures"),
        (("a.jpg",), r"a\.jpg has no label map: it would be a\.png beside it"),
        (("a.png",), r"a\.png has no picture: it would be a\.jpg beside it"),
        (("a.jpg", "a.png", "b.png"), r"b\.png has no picture"),
    ],
)
def test_a_file_without_its_partner_is_named(tmp_path: Path, there: tuple[str, ...], message: str) -> None:
    for name in there:
        Image.new("L", (20, 20)).save(tmp_path / name)
    with pytest.raises(ValueError, match=message):
        find_photos(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no folder .*nowhere"):
        find_photos(tmp_path / "nowhere")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("left", [0, 10, 60])
def test_a_damaged_file_is_named(tmp_path: Path, suffix: str, left: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, 20, 3)).astype(np.uint8)
    save_photo(tmp_path, "a", noise, noise[..., 0])
    damaged = tmp_path / f"a{suffix}"
    damaged.write_bytes(damaged.read_bytes()[:left])
    with pytest.raises(ValueError, match=rf"a\{suffix}"):
        list(read_photos(find_photos(tmp_path)))


def test_a_label_map_of_colors_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="one number a pixel, not the mode RGB"):
        read_labels(tmp_path / "a.png")


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_a_label_map_is_read_as_numbers_in_any_mode(tmp_path: Path, mode: str) -> None:
    labels = grid_of_regions(2, 2)
    image = Image.fromarray(labels.astype(np.uint16 if mode == "I;16" else np.uint8))
    if mode == "P":
        image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255] * 2)
    assert image.mode == mode
    image.save(tmp_path / "a.png")
    assert np.array_equal(read_labels(tmp_path / "a.png"), labels)


def test_a_label_map_of_another_size_is_refused(tmp_path: Path) -> None:
    save_photo(tmp_path, "a", np.zeros((20, 30, 3), np.uint8), grid_of_regions(2, 2))
    with pytest.raises(ValueError, match=r"a\.png is 20 x 20 pixels and its picture 30 x 20"):
        list(read_photos(find_photos(tmp_path)))
