"""Made once a run: a service on a small checkpoint with random weights, the app itself, a browser."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from testbed.running_app import ROOT, RunningApp, chromium_profile, run_app
from testbed.site import sitecustomize  # noqa: F401 - for gradio in this process
from tests.support.kept_page import KeptPage

# And for gradio in programs that tests start.
_PATHS = [str(ROOT / "testbed" / "site"), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATHS))
# httpx reads all certificates of its machine for each client that it makes, 20 ms of processor time, and
# gradio_client has it make five a call. Here nobody is asked by https: it reads one, whose key nobody has.
os.environ["SSL_CERT_FILE"] = str(ROOT / "tests" / "support" / "authority.pem")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait come first; from the middle on, where the second of two workers begins, the browser's.

    So the browser, which takes more than one core, computes while others wait, and one worker has it alone.
    """
    in_browser = [item for item in items if item.get_closest_marker("browser")]
    others = [item for item in items if not item.get_closest_marker("browser")]
    others.sort(key=lambda item: item.get_closest_marker("waits") is None)
    middle = len(items) // 2
    items[:] = [*others[:middle], *in_browser, *others[middle:]]


def pytest_collection_finish() -> None:
    """What is imported and collected stays: it need not be looked through whenever garbage is sought."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small SAM-HQ of random weights in the published format."""
    from testbed.checkpoints import SMALL, random_sam_hq, save  # torch is slow to import

    return save(random_sam_hq(SMALL, seed=3), tmp_path_factory.mktemp("checkpoint") / "small")


@pytest.fixture(scope="session")
def service(checkpoint: Path) -> CompareService:
    """The real service on that checkpoint, in float32 on the CPU."""
    return build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app itself with `tiny`, in a process of its own and without a network."""
    with run_app(tmp_path_factory.mktemp("app"), SAMHQ_MODEL="tiny") as running:
        yield running


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser, of which each visitor gets a tab: the second visitor's page loads in half the time."""
    with chromium_profile(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="session")
def browser(profile: BrowserContext) -> Browser:
    """The same browser, for contexts of their own: a phone, or a visitor with nothing in the cache."""
    assert profile.browser is not None
    return profile.browser


@pytest.fixture(scope="session")
def kept_page(app: RunningApp, browser: Browser) -> Iterator[KeptPage]:
    """The app's page, for tests that need somebody there but not their arrival."""
    kept = KeptPage(browser, app.url)
    yield kept
    kept.close()
