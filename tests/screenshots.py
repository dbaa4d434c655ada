"""The README's pictures of the page: `make screenshots`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.browsing import ROOT, Visitor, chromium, run_app

EXAMPLES = json.loads((ROOT / "examples" / "examples.json").read_text())
BICYCLE = next(i for i, example in enumerate(EXAMPLES) if example["file"].startswith("bicycle"))
# File, window, colour scheme.
SHOTS = (("page", (1440, 860), "light"), ("dark", (1440, 860), "dark"), ("phone", (390, 844), "light"))


def main() -> None:
    (ROOT / "docs").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        run_app(Path(folder), SAMHQ_MODEL="tiny") as app,
        chromium() as browser,
    ):
        for name, size_wh, scheme in SHOTS:
            visitor = Visitor.arrive(browser, f"{app.url}?__theme={scheme}", size_wh=size_wh)
            visitor.choose_example(BICYCLE)
            visitor.answered(EXAMPLES[BICYCLE]["prompt"])
            visitor.page.wait_for_timeout(500)  # the browser still decodes the pictures
            visitor.page.screenshot(path=ROOT / "docs" / f"{name}.png")
            visitor.leave()


if __name__ == "__main__":
    main()
