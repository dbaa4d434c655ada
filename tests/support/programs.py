"""Python in a process of its own: to see what it imports, what memory it takes, which variables it heeds."""

from __future__ import annotations

import os
import subprocess
import sys

from testbed.running_app import ROOT


def run_python(code: str, *arguments: str, **variables: str) -> str:
    """What a program prints that ends well.

    Args:
        variables: of the environment, where none is kept that huggingface_hub reads.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_"))}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**kept, "HF_HUB_DISABLE_TELEMETRY": "1", **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return done.stdout
