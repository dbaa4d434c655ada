"""The models: the only code that imports torch and transformers."""

import os

# A thread of torch's that waits for the others spins, for milliseconds. Where another process wants the
# core that can make a click several times slower; a thread that sleeps instead costs nothing then. It is
# read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
