"""The machine's own memory runs out in the encoder: one sentence, and the next request is answered."""

from __future__ import annotations

from samhq_demo.models.gpu_memory import MEMORY_FULL
from tests.support.programs import run_python

# The system gives the process no more than it has when its model is loaded, and a little.
_PROGRAM = """
import resource, sys
from pathlib import Path
from samhq_demo.memory import NoRoomError
from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from tests.support.parity import picture_of

services = [build_service(Settings(model="tiny", device="cpu", dtype=dtype)) for dtype in sys.argv[1:]]
for service in services:
    service._library.pair("tiny")
picture = picture_of((800, 600))
limits = resource.getrlimit(resource.RLIMIT_AS)
for service in services:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**20, limits[1]))
    try:
        print(service.prepare(picture))
    except NoRoomError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_AS, limits)
    print(service.prepare(picture))
"""


def test_an_encoder_without_memory_says_so_and_the_next_request_is_answered() -> None:
    # bfloat16 first: oneDNN has made no kernel yet.
    printed = run_python(_PROGRAM, "bfloat16", "float32", OMP_NUM_THREADS="1")
    assert printed.splitlines() == 2 * [MEMORY_FULL, "now"]
