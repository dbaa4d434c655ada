"""SAM and SAM-HQ side by side.

From Python:

>>> import samhq_demo
>>> found = samhq_demo.segment_everything("examples/house.jpg", model="tiny", points_per_side=4)
>>> found.model
'tiny'
>>> answer = samhq_demo.compare("examples/house.jpg", model="tiny", points=[(237, 305)])
>>> answer.size_wh
(768, 576)

`answer` alone in a notebook's cell shows both masks.
"""

import importlib
from typing import Any

__all__ = ["compare", "image_embedding", "segment_everything", "segmentation_map"]


def __getattr__(name: str) -> Any:
    # Not before it is asked for: the values of this package need no model.
    if name in __all__:
        return getattr(importlib.import_module("samhq_demo.calls"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
