"""How much memory this process may have; freed memory is used again."""

from __future__ import annotations

import gc
import platform
from pathlib import Path

import pytest

from samhq_demo.memory import machine_memory
from samhq_demo.ui.launching import prepare_environment
from tests.support.programs import run_python

_CLICKS = """
import resource, sys, threading
import numpy as np
from samhq_demo.memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()

def click():
    arrays = [np.ones(n * 2**20, np.float32) for n in (1, 2, 4, 4, 2, 1)]  # 4 MB each time n

def clicks(count):
    for _ in range(count):
        click()

for count in (3, 10):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread = threading.Thread(target=clicks, args=(count,))
    thread.start()
    thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is told anything")
def test_a_click_gets_no_new_pages_where_the_one_before_left_some() -> None:
    pages = {way: int(run_python(_CLICKS, way)) for way in ("kept", "given back")}
    assert pages["given back"] > 5_000, "else there is nothing to keep"
    assert pages["kept"] < 500


def test_a_container_may_have_less_memory_than_its_machine(tmp_path: Path) -> None:
    machine = machine_memory(())
    assert machine > 2**30
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    assert machine_memory((limit, tmp_path / "not-there")) == machine
    limit.write_text("536870912\n")
    assert machine_memory((limit,)) == 2**29


def test_the_app_looks_for_garbage_less_often() -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(700)
        prepare_environment({})
        assert gc.get_threshold()[0] >= 10_000
    finally:
        gc.set_threshold(*before)
