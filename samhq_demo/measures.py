"""What the process counts and times of its work, for Prometheus.

Numbers alone, by labels that the code writes: no name, address, picture or prompt of a visitor is in them.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

# From a click on a GPU to an encoder pass of ViT-H on a busy CPU.
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

REGISTRY = CollectorRegistry()
"""All of these, and what the system knows of the process: memory, processor time, open files."""

ProcessCollector(registry=REGISTRY)

REQUESTS = Counter(
    "samhq_requests",
    "Requests by what was asked and how it ended: answered, refused or failed",
    ("endpoint", "outcome"),
    registry=REGISTRY,
)
STAGE_SECONDS = Histogram(
    "samhq_stage_seconds",
    "Seconds that a stage took: encode, decode (to the whole answer), everything, export",
    ("stage",),
    buckets=_SECONDS,
    registry=REGISTRY,
)
EMBEDDINGS = Counter(
    "samhq_embeddings",
    "Embeddings by where they came from: cached, shared with a request under way, or encoded now",
    ("source",),
    registry=REGISTRY,
)
READY = Gauge("samhq_ready", "1 where a model can answer", registry=REGISTRY)
QUEUE_LENGTH = Gauge("samhq_queue_length", "Requests that wait for their turn", registry=REGISTRY)
CACHE_BYTES = Gauge(
    "samhq_embedding_cache_bytes",
    "Memory that embeddings take, now and at most",
    ("bound",),
    registry=REGISTRY,
)
DISK_BYTES = Gauge("samhq_disk_bytes", "What visitors sent and were given, on the disk", registry=REGISTRY)
