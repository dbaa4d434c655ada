"""A person at the real page: opens pictures and downloads files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Download, Page, ViewportSize

from testbed.person import Person

# A new page waits for a model to load, on a machine that has much else to do.
PATIENCE_MS = 180_000
SIZE_WH = (1440, 900)
CLIPBOARD = ["clipboard-read", "clipboard-write"]


class Visitor(Person):
    """A person at the app itself."""

    def __init__(self, page: Page, *, context: BrowserContext | None = None) -> None:
        """context: closed when the visitor leaves; None: the page alone is."""
        super().__init__(page)
        self.page.set_default_timeout(PATIENCE_MS)
        self._own = context or page

    @classmethod
    def arrive(
        cls,
        browser: Browser,
        url: str,
        *,
        size_wh: tuple[int, int] = SIZE_WH,
        before: Callable[[Page], object] | None = None,
        **how: Any,
    ) -> Visitor:
        """In a browser context of their own, which has loaded nothing before.

        Args:
            before: what is done to the browser's page ahead of the visit.
            how: more about the context, as Playwright names it.
        """
        context = browser.new_context(viewport=_viewport(size_wh), **how)
        context.grant_permissions(CLIPBOARD)
        return cls(context.new_page(), context=context)._arrived(url, before)

    @classmethod
    def arrive_in_tab(
        cls,
        profile: BrowserContext,
        url: str,
        *,
        size_wh: tuple[int, int] = SIZE_WH,
        before: Callable[[Page], object] | None = None,
    ) -> Visitor:
        """In a new tab of a profile, where nothing that earlier visits stored is left."""
        profile.grant_permissions(CLIPBOARD)
        page = profile.new_page()
        page.set_viewport_size(_viewport(size_wh))
        session = profile.new_cdp_session(page)
        scheme, host, *_ = urlsplit(url)
        stored = {"origin": f"{scheme}://{host}", "storageTypes": "cookies,indexeddb,local_storage"}
        session.send("Storage.clearDataForOrigin", stored)
        session.detach()
        return cls(page)._arrived(url, before)

    def _arrived(self, url: str, before: Callable[[Page], object] | None) -> Visitor:
        if before is not None:
            before(self.page)
        self.open(url)
        if self.page.locator("#examples").count():
            self.sees_opening()
        return self

    def leave(self) -> None:
        """Go, having met no fault."""
        self.close()
        self.meets_no_fault()

    def close(self) -> None:
        self._own.close()

    def meets_no_fault(self) -> None:
        """The page has failed in nothing, and asked no other host."""
        assert self.faults == []
        assert {host.partition(":")[0] for host in self.hosts} <= {"127.0.0.1"}

    # ---- pictures ------------------------------------------------------------------------------------

    def sees_opening(self) -> None:
        """Wait for the example that the page opens with, its answer, and the model."""
        self.sees_answer(0)
        self.page.locator("#answering [data-mood=done]").wait_for()
        self.rest()  # the page makes room for it

    def takes_picture_away(self) -> None:
        """So that the page is empty."""
        self.page.get_by_label("Remove Image").click()
        self.page.wait_for_selector("#viewer .sv[data-state=empty]")

    @property
    def pictures_shown(self) -> int:
        shown: int = self.page.evaluate("document.querySelector('#viewer').viewer.picturesShown()")
        return shown

    def sees_picture(self, after: int) -> None:
        """Wait until the viewer has shown more pictures than `after`."""
        self.page.wait_for_function(
            "after => document.querySelector('#viewer').viewer.picturesShown() > after", arg=after
        )
        self.rest()  # the page makes room for it

    def sees_candidates(self) -> None:
        """Wait until the answer's candidates, which follow it, are there."""
        self.page.wait_for_selector("#viewer .candidates:not(.coming) .thumb:visible")

    def sees_scores(self) -> None:
        """Wait until all that follows the masks is there."""
        self.page.wait_for_selector("#viewer .candidates:not(.coming)", state="attached")

    def choose_example(self, number: int) -> None:
        """Choose it and wait for the answer to its prompt."""
        before = self.revision
        self.page.locator(f"#example-{number}").click()
        self.sees_answer(before)

    def bring(self, file: Path) -> None:
        """Through the picture box, which is emptied before, and wait until it is shown."""
        if self.page.locator("#picture img").count():
            self.takes_picture_away()
        before = self.pictures_shown
        self.page.locator("#picture input[type=file]").set_input_files(file)
        self.sees_picture(before)

    def bring_another(self, file: Path) -> None:
        """Through the button below the picture; returns at once."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("#upload").click()
        chooser.value.set_files(file)

    def says(self, words: str) -> None:
        """Wait until the status line says so."""
        self.page.locator("#status", has_text=words).wait_for()

    def click_in_picture(self, x: float, y: float, size_wh: tuple[int, int]) -> None:
        """Click in #picture where picture pixel (x, y) is shown, as `object-fit: contain` fits it."""
        box = self.page.locator("#picture img").bounding_box()
        assert box is not None
        scale = min(box["width"] / size_wh[0], box["height"] / size_wh[1])
        left = box["x"] + (box["width"] - size_wh[0] * scale) / 2
        top = box["y"] + (box["height"] - size_wh[1] * scale) / 2
        self.page.mouse.click(left + x * scale, top + y * scale)

    # ---- what the page says and gives ----------------------------------------------------------------

    def score(self, of: str, key: str) -> str:
        """Of "sam", "sam_hq" or "agreement"."""
        self.sees_scores()
        return self.page.inner_text(f"#viewer dl[data-scores={of}] [data-key={key}]")

    def notice(self) -> str:
        return self.page.locator(".toast-body").last.inner_text()

    def give(self, action: str, file: Path) -> None:
        """Press a button of the viewer that asks for a file."""
        self.opens("export" if action == "load" else "objects")
        with self.page.expect_file_chooser() as chooser:
            self.page.click(f"#viewer .panels [data-action={action}]")
        chooser.value.set_files(file)
        self.page.evaluate("scrollTo(0, 0)")  # back to the picture

    def take(self, what: str, folder: Path) -> Path:
        """Press a button under Export and keep the file under the name it came with."""
        self.opens("export")
        with self.page.expect_download() as download:
            self.page.click(f"#viewer [data-take={what}]")
        self.page.evaluate("scrollTo(0, 0)")
        return kept(download.value, folder)

    def copy(self, language: str) -> str:
        """Press a copy button and read the clipboard."""
        self.opens("export")
        self.page.click(f"#viewer [data-take={language}]")
        self.says(f"Copied the call as {'Python' if language == 'python' else 'curl'}")
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text


def kept(download: Download, folder: Path) -> Path:
    file = folder / download.suggested_filename
    download.save_as(file)
    return file


def _viewport(size_wh: tuple[int, int]) -> ViewportSize:
    return {"width": size_wh[0], "height": size_wh[1]}
