"""The program of a process that decodes: see `apart`."""

import os
import sys

from samhq_demo.pictures import mask_files, picture  # noqa: F401 - imported once, before the first file comes
from samhq_demo.pictures.apart import serve

if __name__ == "__main__":
    # What a library prints must not get among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)
