"""The pictures spread over the workers of a Ray cluster, one model each: the same numbers to the last digit.

Each worker measures as `run.measured_here` does, with as many threads as a single process would have, since
the last digits of a sum depend on them. Records come in the order of the pictures. A worker that dies is
started again with its picture, so many times for each.
"""

from __future__ import annotations

import importlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samhq_demo.evaluation.folders import Item
from samhq_demo.evaluation.options import EvaluationOptions
from samhq_demo.evaluation.records import PictureRecord
from samhq_demo.evaluation.run import Measure, measure, read_item
from samhq_demo.service import CompareService

LOCAL = "local"
"""In place of a cluster's address: one on this machine, which ends with the evaluation."""

_RETRIES = 3  # of a picture whose worker died
_AHEAD = 2  # pictures for each worker, so that none waits for this process
_LACKING = "--ray needs the package ray: pip install 'samhq-demo[ray]', on every machine of the cluster."

ServiceOf = Callable[[], tuple[CompareService, str]]


@dataclass(frozen=True, slots=True)
class Resources:
    """What the workers get.

    Raises ValueError for a share of a GPU that no worker can have.

    Attributes:
        workers: how many models there are at a time.
        gpus: of a GPU for each; below 1 several share one.
        threads: of the arithmetic in each; None: as many as this process may use.
    """

    workers: int = 1
    gpus: float = 0.0
    threads: int | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.gpus <= 1 or self.gpus == int(self.gpus)) or self.gpus < 0:
            raise ValueError(f"--gpus must be from 0 to 1, or a whole number, not {self.gpus:g}.")

    @property
    def environment(self) -> dict[str, str]:
        """Of each worker: the app's own variables, and how many threads it has."""
        given = os.environ.get("OMP_NUM_THREADS")
        threads = self.threads or (int(given) if given and given.isdecimal() else _cores())
        own = {name: value for name, value in os.environ.items() if name.startswith("SAMHQ_")}
        return {**own, "OMP_NUM_THREADS": str(threads)}


class Worker:
    """Holds one model and measures pictures with it; lives in a process of its own."""

    def __init__(
        self, service_of: ServiceOf, options: EvaluationOptions, environment: Mapping[str, str]
    ) -> None:
        # Here, as Ray's own way needs more packages; in time, as torch is imported with the first model.
        os.environ.update(environment)
        self._service_of, self._options = service_of, options
        self._loaded: tuple[CompareService, str] | None = None

    def measure(self, item: Item) -> PictureRecord:
        """The first picture loads the model too, so that what is wrong with that is told as its error."""
        if self._loaded is None:
            self._loaded = self._service_of()
        service, model = self._loaded
        return measure(service, read_item(item, self._options), self._options, model=model)


def measured_on_ray(
    service_of: ServiceOf, options: EvaluationOptions, *, address: str, resources: Resources
) -> Measure:
    """Measure with the workers of a cluster.

    Args:
        service_of: loads the model, in each worker.
        address: of a cluster that runs, such as "ray://head:10001" or "auto"; or LOCAL.

    Raises:
        ValueError: Ray is not installed, or no cluster answers at the address.
    """
    ray = _imported(address)

    def measured(items: Iterable[Item]) -> Iterator[PictureRecord]:
        _begin(ray, address, resources)
        try:
            kind = ray.remote(Worker).options(
                num_cpus=1,
                num_gpus=resources.gpus,
                max_restarts=-1,
                max_task_retries=_RETRIES,
            )
            environment = resources.environment
            workers = [kind.remote(service_of, options, environment) for _ in range(resources.workers)]
            yield from _in_order(ray, workers, items)
        finally:
            ray.shutdown()

    return measured


def _in_order(ray: Any, workers: list[Any], items: Iterable[Item]) -> Iterator[PictureRecord]:
    """Each picture goes to the worker that has least to do; the records come as the pictures do."""
    coming: deque[tuple[Item, Any]] = deque()
    load = dict.fromkeys(range(len(workers)), 0)
    place_of: dict[Any, int] = {}

    def first() -> PictureRecord:
        item, task = coming.popleft()
        record = _result(ray, item, task)
        load[place_of.pop(task)] -= 1
        return record

    for item in items:
        if len(coming) >= _AHEAD * len(workers):
            yield first()
        place = min(load, key=load.__getitem__)
        task = workers[place].measure.remote(item)
        load[place] += 1
        place_of[task] = place
        coming.append((item, task))
    while coming:
        yield first()


def _result(ray: Any, item: Item, task: Any) -> PictureRecord:
    try:
        record: PictureRecord = ray.get(task)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ValueError):  # the model cannot be had there
            raise error.cause from error
        raise
    except (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError):
        problem = f"The workers that measured it died, {_RETRIES + 1} of them: it may not fit their memory."
        return PictureRecord(item.name, item.group, problem=problem)
    return record


def _begin(ray: Any, address: str, resources: Resources) -> None:
    """Join the cluster, or begin one that only this machine reaches; nothing is reported to anybody."""
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    try:
        if address != LOCAL:
            ray.init(address=address, **common)
            return
        ray.init(
            address="local",
            num_cpus=max(resources.workers, _cores()),
            include_dashboard=False,
            dashboard_host="127.0.0.1",
            **common,
        )
    except Exception as error:  # Ray has no class of its own for them
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"The Ray cluster {address} could not be had: {reason}") from error


def _imported(address: str) -> Any:
    # Read when Ray is imported and by all that it starts.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address == LOCAL:
        # Else all its parts listen to the network; on Linux too this has them listen to 127.0.0.1 alone.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    # Else 15: beside anything else that runs there, workers would hardly run.
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ValueError(_LACKING) from error


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
