"""The SVG of outlines: XML for every name, and the exact mask when filled."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from samhq_demo.export.svg import outlines_svg
from tests.support.drawn_masks import Corners, drawn, filled, ragged
from tests.support.shown_objects import shown_object

SVG = "{http://www.w3.org/2000/svg}"
MASK = drawn(".....", ".###.", ".#.#.", ".###.")


def rings_of(path: str) -> list[Corners]:
    """The rings of a path of M, h, v and z, each closed by one more side along a row or a column."""
    rings = []
    for ring in re.findall(r"M([^z]*)z", path):
        start, *sides = re.findall(r"[hv]?[-\d ]+", ring)
        x, y = map(int, start.split())
        corners = [[x, y]]
        for side in sides:
            x, y = (x + int(side[1:]), y) if side[0] == "h" else (x, y + int(side[1:]))
            corners.append([x, y])
        rings.append(corners)
    return rings


def test_a_path_is_in_picture_pixels_and_in_the_objects_color() -> None:
    text = outlines_svg([shown_object(MASK, name="Cat")], branch="sam", size_wh=(5, 4))
    root = ElementTree.fromstring(text.encode())
    assert (root.tag, root.attrib) == (f"{SVG}svg", {"width": "5", "height": "4", "viewBox": "0 0 5 4"})
    (path,) = root
    assert path.attrib["d"] == "M1 1h3v3h-3zM2 2v1h1v-1z"
    assert (path.attrib["fill"], path.attrib["fill-rule"]) == ("#56b4e9", "evenodd")
    assert [(child.tag, child.text) for child in path] == [(f"{SVG}title", "Cat")]


def test_filled_by_the_even_odd_rule_it_is_the_mask() -> None:
    rng = np.random.default_rng(0)
    for mask in [*(rng.random((13, 17)) < share for share in (0.2, 0.5, 0.8)), ragged(60, 90)]:
        height, width = mask.shape
        text = outlines_svg([shown_object(mask)], branch="sam", size_wh=(width, height))
        (path,) = ElementTree.fromstring(text.encode())
        assert (filled(rings_of(path.attrib["d"]), size_wh=(width, height)) == mask).all()


def test_one_path_an_object_and_none_for_an_empty_mask() -> None:
    objects = [
        shown_object(MASK, name="first", color="#e69f00"),
        shown_object(np.zeros_like(MASK), ~MASK, name="second"),
        shown_object(~MASK, name="third"),
    ]
    titles = {
        model: [
            path[0].text
            for path in ElementTree.fromstring(outlines_svg(objects, branch=model, size_wh=(5, 4)))
        ]
        for model in ("sam", "sam_hq")
    }
    assert titles == {"sam": ["first", "third"], "sam_hq": ["first", "second", "third"]}


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("</title><script>alert(1)</script>", "</title><script>alert(1)</script>"),
        ("a & b \"c\" 'd' ]]>", "a & b \"c\" 'd' ]]>"),
        ("&#0; &nbsp;", "&#0; &nbsp;"),
        ("nul\0 bell\x07 escape\x1b", "nul\ufffd bell\ufffd escape\ufffd"),
        ("no character \ufffe\uffff", "no character \ufffd\ufffd"),
        ("half \ud83d", "half ?"),
        ("Katze 猫 \U0001f408", "Katze 猫 \U0001f408"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_any_name_is_a_title(name: str, read: str) -> None:
    text = outlines_svg([shown_object(MASK, name=name)], branch="sam", size_wh=(5, 4))
    (path,) = ElementTree.fromstring(text.encode("utf-8"))
    assert [(child.tag, child.text) for child in path] == [(f"{SVG}title", read)]
