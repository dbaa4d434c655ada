"""The demo with its models as replicas on Ray Serve: `python -m deploy.ray_serve --replicas 2`.

Without `--address` all of it runs on this machine and ends with the command; nothing but the page listens
beyond Ray's own parts, and these on 127.0.0.1 alone. With the address of a cluster the replicas go on after
the command, and any number of pages joins them: see deploy/README.md.
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Sequence
from typing import Any

from samhq_demo.ui.launching import exit_in_one_sentence, prepare_environment

LOCAL = "local"
APPLICATION = "samhq"
_LACKING = "This needs the package ray with its part serve: pip install '.[serve]'."
_ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
# In a replica at a time: encodings and everything are long, and what asks how far they are goes beside them.
_ONGOING = 16
# Waiting in each page: more are told to come again.
_QUEUED = 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Deploy and serve the page; None: the arguments of the command line."""
    options = _parser().parse_args(arguments)
    with exit_in_one_sentence(ValueError):
        if not options.no_page:
            prepare_environment()
        serve = _imported(options.address)
        _begin(options.address, cpus=options.cpus * options.max_replicas)
    try:
        with exit_in_one_sentence(ValueError):
            handle = serve.get_app_handle(APPLICATION) if options.page_only else _deployed(serve, options)
        if not options.no_page:
            _serve_page(handle)
    finally:
        if options.address == LOCAL:
            serve.shutdown()
        importlib.import_module("ray").shutdown()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.ray_serve", description=__doc__)
    parser.add_argument("--replicas", type=int, default=2, help="of the models, at the least")
    parser.add_argument("--max-replicas", type=int, default=0, help="at the most, by load; else as many")
    parser.add_argument("--cpus", type=float, default=1, help="of each replica")
    parser.add_argument("--gpus", type=float, default=0, help="of each replica; several may share one")
    parser.add_argument("--address", default=LOCAL, help="of a Ray cluster, such as auto; else a Ray here")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--no-page", action="store_true", help="deploy the replicas to a cluster, and end")
    part.add_argument("--page-only", action="store_true", help="a page for the replicas of a cluster")
    return parser


def _imported(address: str) -> Any:
    """Ray Serve, told to report nothing to anybody before it is imported."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # else replicas hardly run beside anything else
    if address == LOCAL:
        # Else all parts of Ray listen to the network; on Linux too this has them listen to 127.0.0.1 alone.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        return importlib.import_module("ray.serve")
    except ImportError as error:
        raise ValueError(_LACKING) from error


def _begin(address: str, *, cpus: float) -> None:
    """Join a cluster, or begin one that only this machine reaches."""
    ray = importlib.import_module("ray")
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "namespace": "serve"}
    here: dict[str, Any] = {
        "num_cpus": max(int(cpus) + 1, os.cpu_count() or 1),
        "include_dashboard": False,
        "dashboard_host": "127.0.0.1",
    }
    try:
        ray.init(address=address, **common, **(here if address == LOCAL else {}))
    except Exception as error:  # Ray has no class of its own for them
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"The Ray cluster {address} could not be had: {reason}") from error


def _deployed(serve: Any, options: argparse.Namespace) -> Any:
    """A handle of the replicas, once they have loaded their model."""
    replica = importlib.import_module("deploy.replica").Replica
    most = max(options.replicas, options.max_replicas)
    scaling: dict[str, Any] = {"num_replicas": options.replicas}
    if most > options.replicas:
        scaling = {"autoscaling_config": _by_load(options.replicas, most)}
    kind = serve.deployment(
        name="Replica",
        ray_actor_options={"num_cpus": options.cpus, "num_gpus": options.gpus},
        max_ongoing_requests=_ONGOING,
        max_queued_requests=_QUEUED,
        health_check_period_s=2,
        request_router_config={"request_router_class": _ROUTER},
        **scaling,
    )(replica)
    serve.start(proxy_location="Disabled", http_options=None)
    environment = {name: value for name, value in os.environ.items() if name.startswith("SAMHQ_")}
    environment["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", str(max(1, int(options.cpus))))
    try:
        return serve.run(kind.bind(environment), name=APPLICATION, route_prefix=None)
    except RuntimeError as error:
        raise ValueError(f"The replicas could not be started: {error}") from error


def _by_load(least: int, most: int) -> dict[str, Any]:
    """Another replica where each has more than two requests under way, one fewer after ten quiet minutes."""
    return {
        "min_replicas": least,
        "max_replicas": most,
        "target_ongoing_requests": 2,
        "upscale_delay_s": 10,
        "downscale_delay_s": 600,  # what a replica has encoded goes with it
    }


def _serve_page(handle: Any) -> None:
    """Today's page, whose service asks the replicas. Returns when it is stopped."""
    remote = importlib.import_module("deploy.remote_service").RemoteService
    page = importlib.import_module("samhq_demo.ui.serve")
    page.main(service_of=lambda _: remote(handle))


if __name__ == "__main__":
    main()
