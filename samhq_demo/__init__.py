"""SAM and SAM-HQ side by side. From Python:

>>> import samhq_demo
>>> found = samhq_demo.segment_everything("examples/house.jpg", model="tiny", points_per_side=4)
>>> found.model
'tiny'
"""

import importlib
from typing import Any

__all__ = ["segment_everything"]


def __getattr__(name: str) -> Any:
    # Not before it is asked for: the values of this package need no model.
    if name in __all__:
        return getattr(importlib.import_module("samhq_demo.calls"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
