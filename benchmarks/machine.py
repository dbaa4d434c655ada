"""What machine this is, and how long the app takes to start on it."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Linux's flags of the units that matter to matrix products, and their names.
UNITS = {
    "amx_bf16": "AMX-BF16",
    "avx512_bf16": "AVX512-BF16",
    "avx512f": "AVX512",
    "avx2": "AVX2",
}
PACKAGES = ("torch", "transformers", "segment-anything", "segment-anything-hq")


def about_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Processor, cores, memory, which of `UNITS` it has, and the versions of what is compared."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = fields.get("flags", "").split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": fields.get("model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "has": ", ".join(name for flag, name in UNITS.items() if flag in flags) or "not known",
        "lacks": ", ".join(name for flag, name in UNITS.items() if flag not in flags)
        if flags
        else "not known",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


class Watch:
    """How much of the processor other programs take from its making on."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.perf_counter(), _busy_seconds(), _own_seconds()

    def others(self) -> str:
        """Their share of all cores' time in percent. Our own processes have to have ended."""
        now = _busy_seconds()
        if now is None or self._busy is None:
            return "not known"
        whole = (time.perf_counter() - self._began) * (os.cpu_count() or 1)
        theirs = now - self._busy - (_own_seconds() - self._own)
        return f"{100 * min(1.0, max(0.0, theirs / whole)):.0f} %"


def _busy_seconds() -> float | None:
    """What all cores together have worked since the machine was started; None where Linux does not tell."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    user, nice, system, _idle, _waiting, irq, softirq, stolen = map(int, stat.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def seconds_to_page(model: Path, *, patience: float = 120) -> float:
    """From the command `python app.py` to the first answer 200 to a request for the page.

    Raises:
        RuntimeError: there was none within `patience` seconds.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "SAMHQ_MODEL": str(model),
    }
    began = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < patience and app.poll() is None:
            if _answers(f"http://127.0.0.1:{port}/"):
                return time.perf_counter() - began
            time.sleep(0.02)
    finally:
        app.terminate()
        app.wait()
    raise RuntimeError(f"`python app.py` served no page within {patience:g} seconds.")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
