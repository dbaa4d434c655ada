"""Run lengths from a browser: pycocotools reads what passes, and nothing else passes."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from samhq_demo.masks.runs import MAX_CHARACTERS, Runs, parse_rle
from tests.support.drawn_masks import ragged
from tests.support.pixels import rle_encode
from tests.support.timing import cpu_seconds

MASK = np.array([[False, True, True], [False, True, False]])
SIZE_WH = (3, 2)


def refusal(value, size_wh=SIZE_WH):
    with pytest.raises(ValueError) as caught:
        parse_rle(value, size_wh=size_wh)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


def written(runs):
    """Run lengths in COCO's compressed form, one by one; also such that pycocotools would not write."""
    text = ""
    for number, run in enumerate(runs):
        left = run - runs[number - 2] if number > 2 else run
        while True:
            group, left = left & 31, left >> 5
            is_last = left == (-1 if group & 16 else 0)
            text += chr(48 + (group if is_last else group | 32))
            if is_last:
                break
    return text


def drawn(text, height, width):
    """The mask of a compressed text, read one character after the other."""
    runs: list[int] = []
    value = bits = 0
    for letter in text:
        code = ord(letter) - 48
        value, bits = value + ((code & 31) << bits), bits + 5
        if code < 32:
            value -= (code >> 4) << bits
            runs.append(value + runs[-2] if len(runs) > 2 else value)
            value = bits = 0
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


@pytest.mark.parametrize(
    "mask",
    [
        MASK,
        ~MASK,
        np.zeros((5, 7), bool),
        np.ones((5, 7), bool),
        np.ones((1, 1), bool),
        np.zeros((3000, 2000), bool),
        np.random.default_rng(0).random((60, 41)) < 0.3,
        ragged(700, 500),
    ],
)
def test_what_the_server_wrote_comes_back_as_it_was(mask):
    height, width = mask.shape
    rle = rle_encode(mask)
    assert parse_rle(dict(rle), size_wh=(width, height)).rle() == rle


def test_runs_are_read_as_pycocotools_reads_them():
    runs = [0, 3, 1, 500, 40, 1, 1000, 455]
    rle = parse_rle({"size": [40, 50], "counts": written(runs)}, size_wh=(50, 40)).rle()
    expected = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(50, 40).T
    assert (coco_mask.decode(rle) == expected).all()


@pytest.mark.parametrize(
    "runs", [[1, 0, 2, 3], [0, 2, 0, 0, 1, 3], [2, 0, 0, 0, 4], [6, 0], [0, 0, 6], [1, 5, 0]]
)
def test_empty_runs_are_taken_out(runs):
    expected = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(3, 2).T
    mask = parse_rle({"size": [2, 3], "counts": written(runs)}, size_wh=SIZE_WH)
    assert mask.rle() == rle_encode(expected)
    assert (Runs.union([mask, mask], size_hw=(2, 3)).mask() == expected).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": [3, 2]}, "[2, 3]"),
        ({"size": [2, 3, 1]}, "two whole numbers"),
        ({"size": [2.0, 3.0]}, "two whole numbers"),
        ({"size": [True, 3]}, "two whole numbers"),
        ({"size": "23"}, "two whole numbers"),
        ({"size": None}, "two whole numbers"),
        ({"size": [2, 10**400]}, "[2, 3]"),
        ({"counts": [1, 5]}, "text"),
        ({"counts": b"15"}, "text"),
        ({"counts": None}, "text"),
        ({"counts": ""}, "1 to 4,000,000 characters"),
        ({"counts": "6" * (MAX_CHARACTERS + 1)}, "1 to 4,000,000 characters"),
        ({"counts": "/"}, "not from 0 to o"),
        ({"counts": "p"}, "not from 0 to o"),
        ({"counts": "6\0"}, "not from 0 to o"),
        ({"counts": "\uff16"}, "not from 0 to o"),
        ({"counts": "\ud83d"}, "not from 0 to o"),
        ({"counts": "V"}, "cut off"),
        ({"counts": "6P"}, "cut off"),
        ({"counts": "oooooo0"}, "7 characters"),
        ({"counts": written([5])}, "6 together"),
        ({"counts": written([7])}, "6 together"),
        ({"counts": written([-1, 7])}, "0 or more"),
        ({"counts": written([4, 4, -2])}, "0 or more"),
        ({"counts": written([6, 2**28, -(2**28)])}, "0 or more"),
        ({"more": 1}, "keys size and counts"),
    ],
)
def test_what_is_wrong_is_said(change, words):
    assert words in refusal({**rle_encode(MASK), **change})


@pytest.mark.parametrize(
    "value", [None, [], "23", 5, {}, {"size": [2, 3]}, {"counts": "6"}, {1: 2, "size": 3}]
)
def test_what_is_no_mask_at_all_is_refused(value):
    assert "keys size and counts" in refusal(value)


def test_damaged_text_is_refused_or_is_a_mask_that_pycocotools_reads():
    rng = np.random.default_rng(1)
    masks = [rng.random((23, 31)) < share for share in (0.02, 0.3)] + [ragged(40, 30), np.ones((9, 9), bool)]
    outcomes = {"refused": 0, "read": 0}
    for _ in range(4000):
        mask = masks[rng.integers(len(masks))]
        height, width = mask.shape
        letters = list(rle_encode(mask)["counts"])
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(letters) + 1))
            letter = chr(int(rng.integers(46, 114)))
            letters[at : at + int(rng.integers(0, 3))] = [letter] * int(rng.integers(0, 3))
        text = "".join(letters)
        try:
            rle = parse_rle({"size": [height, width], "counts": text}, size_wh=(width, height)).rle()
        except ValueError as error:
            outcomes["refused"] += 1
            assert str(error).endswith(".")
            continue
        outcomes["read"] += 1
        assert (coco_mask.decode(rle) == drawn(text, height, width)).all()
    assert min(outcomes.values()) > 20


def test_random_text_never_does_harm():
    rng = np.random.default_rng(2)
    read = 0
    for _ in range(4000):
        text = rng.integers(48, 112, rng.integers(1, 6)).astype(np.uint8).tobytes().decode()
        try:
            rle = parse_rle({"size": [2, 3], "counts": text}, size_wh=SIZE_WH).rle()
        except ValueError:
            continue
        read += 1
        assert (coco_mask.decode(rle) == drawn(text, 2, 3)).all()
    assert read > 5


def test_a_large_ragged_mask_is_read_in_an_instant():
    mask = ragged(4000, 6000)
    rle = rle_encode(mask)
    assert len(rle["counts"]) > 100_000
    took = min(cpu_seconds(lambda: parse_rle(rle, size_wh=(6000, 4000)))[1] for _ in range(5))
    assert took < 0.05  # some 2 ms; a loop over the characters takes longer
