"""The README's pictures of the page: `make screenshots`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from testbed.running_app import ROOT, chromium, run_app
from testbed.visitor import Visitor

EXAMPLES = json.loads((ROOT / "examples" / "examples.json").read_text())
BICYCLE, HOUSE = (
    next(i for i, example in enumerate(EXAMPLES) if example["file"].startswith(name))
    for name in ("bicycle", "house")
)
# File, example, keys pressed there, window, color scheme.
SHOTS = (
    ("page", BICYCLE, (), (1440, 900), "light"),
    ("dark", HOUSE, (), (1440, 1368), "dark"),
    ("difference", BICYCLE, ("d",), (1440, 900), "light"),
    ("phone", BICYCLE, (), (390, 844), "light"),
)


def main() -> None:
    (ROOT / "docs").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        run_app(Path(folder), SAMHQ_MODEL="tiny") as app,
        chromium() as browser,
    ):
        for name, example, keys, size_wh, scheme in SHOTS:
            visitor = Visitor.arrive(browser, f"{app.url}?__theme={scheme}", size_wh=size_wh)
            visitor.page.locator("#answering [data-mood=done]").wait_for()
            visitor.choose_example(example)
            visitor.press(*keys)
            visitor.sees_scores()
            visitor.rest()
            visitor.page.screenshot(path=ROOT / "docs" / f"{name}.png")
            visitor.leave()


if __name__ == "__main__":
    main()
