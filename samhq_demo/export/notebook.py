"""A comparison with its picture: it displays itself in a notebook and converts to other formats."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samhq_demo.export.coco import Segmentation, coco_json
from samhq_demo.export.conversions import detections_of, masks_of, polygons_of
from samhq_demo.export.overlays import overlays
from samhq_demo.export.shown import ShownMask, ShownObject
from samhq_demo.masks.runs import Mask
from samhq_demo.palette import OBJECT_COLORS
from samhq_demo.pictures import Picture
from samhq_demo.results.comparison import Branch, Comparison, MaskPrediction, ObjectComparison

if TYPE_CHECKING:
    from supervision import Detections

_HEADER = ("", "model", "predicted IoU", "area", "true IoU", "true boundary IoU")


@dataclass(frozen=True, slots=True)
class PictureComparison(Comparison):
    """A `Comparison` that has its picture, as `samhq_demo.compare` answers.

    Example:
        >>> import samhq_demo
        >>> found = samhq_demo.compare("examples/house.jpg", model="tiny", points=[[237, 305], [300, 400]])
        >>> found.to_arrays("sam_hq").shape
        (1, 576, 768)
        >>> found.to_coco("sam_hq")["annotations"][0]["area"] == found.objects[0].sam_hq.area
        True
        >>> found.to_polygons("sam")[0][0].shape[1]
        2
        >>> found.to_detections("sam_hq").mask.shape
        (1, 576, 768)

    Attributes:
        file_name: the picture's, for files that name it.
    """

    picture: Picture = field(repr=False)
    file_name: str

    @classmethod
    def of(cls, comparison: Comparison, picture: Picture, *, file_name: str) -> PictureComparison:
        return cls(
            comparison.model,
            comparison.size_wh,
            comparison.objects,
            comparison.encoded,
            comparison.milliseconds,
            picture,
            file_name,
        )

    def to_arrays(self, branch: Branch) -> Mask:
        """(N, H, W) bool, one mask an object."""
        return masks_of(self.objects, branch)

    def to_polygons(self, branch: Branch) -> list[list[NDArray[np.int32]]]:
        """For each object its outer rings, each (K, 2) corners (x, y); holes are filled."""
        return polygons_of(self.objects, branch)

    def to_coco(self, branch: Branch, *, segmentation: Segmentation = "rle") -> dict[str, Any]:
        """The content of a COCO annotation file; segmentation: "rle" is exact, "polygons" fills holes."""
        return coco_json(
            self._shown(),
            branch=branch,
            file_name=self.file_name,
            size_wh=self.size_wh,
            segmentation=segmentation,
        )

    def to_detections(self, branch: Branch) -> Detections:
        """supervision's `Detections`; ValueError where supervision is not installed."""
        return detections_of(self.objects, branch)

    def overlay(self) -> NDArray[np.uint8]:
        """Both branches' masks over the picture, side by side: (h, w, 3) uint8."""
        return overlays(self.picture.pixels, self._shown())

    def _repr_html_(self) -> str:
        """What Jupyter shows: both overlays, and the scores below."""
        file = io.BytesIO()
        Image.fromarray(self.overlay()).save(file, "JPEG", quality=88)
        data = base64.b64encode(file.getvalue()).decode("ascii")
        rows = [
            (f"object {place}", name, *_scores(answer))
            for place, item in enumerate(self.objects, start=1)
            for name, answer in (("SAM", item.sam), ("SAM-HQ", item.sam_hq))
        ]
        head = "".join(f"<th>{name}</th>" for name in _HEADER)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        agreement = ", ".join(f"{item.agreement.iou:.3f}" for item in self.objects)
        return (
            f'<figure style="margin:0"><img alt="SAM and SAM-HQ on {escape(self.file_name)}" '
            f'style="max-width:100%" src="data:image/jpeg;base64,{data}">'
            f"<figcaption>{escape(self.file_name)}, {escape(self.model)}; both masks agree by IoU {agreement}"
            f"</figcaption></figure><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _shown(self) -> list[ShownObject]:
        return [_shown(place, item) for place, item in enumerate(self.objects)]


def _shown(place: int, item: ObjectComparison) -> ShownObject:
    return ShownObject(
        f"object {place + 1}",
        OBJECT_COLORS[place % len(OBJECT_COLORS)],
        item.prompt,
        ShownMask(item.sam.runs, item.sam.predicted_iou),
        ShownMask(item.sam_hq.runs, item.sam_hq.predicted_iou),
    )


def _scores(answer: MaskPrediction) -> tuple[str, ...]:
    true = (answer.true_iou, answer.true_boundary_iou)
    return (
        f"{answer.predicted_iou:.3f}",
        f"{answer.area:,}",
        *("" if score is None else f"{score:.3f}" for score in true),
    )
