"""The viewer alone with the harness, and one page for all tests that need no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from testbed.person import Person
from tests.support.painted import gray_harness
from tests.support.viewer_harness import Harness, launched

# The harness and its page are made once for this folder, not once a run: they set GRADIO_TEMP_DIR.


@pytest.fixture(scope="package")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    return gray_harness(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="package")
def address(harness: Harness) -> Iterator[str]:
    """Of the page that the harness serves."""
    with launched(harness) as url:
        yield url


@pytest.fixture(scope="package")
def visitor(browser: Browser, address: str) -> Iterator[Person]:
    with browser.new_page(viewport={"width": 1280, "height": 1300}) as page:
        yield Person(page).open(address)


@pytest.fixture
def person(visitor: Person, harness: Harness) -> Iterator[Person]:
    """A new picture begins everything anew; the panel shows the objects, as when the page opens."""
    visitor.opens("objects")
    visitor.choose("gray")
    harness.reset()
    yield visitor
    assert visitor.faults == []
    assert {host.partition(":")[0] for host in visitor.hosts} <= {"127.0.0.1", "localhost"}
