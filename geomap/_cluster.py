"""The runner's tasks on a dask cluster of several machines. dask is an extra, and is imported only where it is used."""

from __future__ import annotations

import logging
import pickle
import platform
import socket
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from .errors import ConfigError, SolveError

if TYPE_CHECKING:
    import distributed

T = TypeVar("T")
R = TypeVar("R")

CONNECT_S = 10.0
"""How long a scheduler may take to answer, and then its first worker to be there."""
NO_WORKER_S = 60.0
"""How long a run waits for another worker when its cluster has lost them all."""
LONGEST_GREETING = 2**20
"""Bytes; a scheduler's has some hundred."""
LARGEST_TASK = "1 PB"
"""Below this, dask sends a task without a warning about its size."""
SAME_TONGUE = ("python", "dask", "distributed")
"""What this machine and the scheduler must share to understand one another."""
SAME_ANSWERS = (*SAME_TONGUE, "geomap", "highspy", "numpy", "scipy")
"""What this machine and the workers must share to make the same plan."""

Versions = Mapping[str, str | None]


class Cluster:
    """A `Runner` whose tasks go to a dask cluster; what a lost worker was at is done again by another."""

    def __init__(self, client: distributed.Client, address: str) -> None:
        self._client = client
        self._address = address
        self.workers = sum(client.nthreads().values())

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Results in the order of the items; see `runner.Runner`."""
        import dask

        ours = _own_versions()
        # The items go with the tasks: data scattered ahead of them would be lost with the worker that holds it.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGEST_TASK}):
            futures = deque(
                self._client.submit(run_packed, ours, pickle.dumps((function, item)), pure=False) for item in items
            )
        while futures:
            succeeded, value = pickle.loads(self._wait(futures.popleft()))
            if not succeeded:
                raise value
            yield value

    def _wait(self, future: distributed.Future) -> bytes:
        import distributed

        try:
            while True:
                try:
                    return future.result(timeout=NO_WORKER_S)
                except TimeoutError:
                    if not self._client.nthreads():
                        raise SolveError(
                            f"The cluster at {self._address} has had no worker for some time. "
                            f"Start one with: dask worker {self._address}"
                        ) from None
        except distributed.KilledWorker:
            raise SolveError(
                f"Workers of the cluster at {self._address} died one after another over the same task. "
                "Give each more memory, or fewer threads."
            ) from None
        except (CancelledError, OSError) as caught:
            raise SolveError(
                f"The connection to the cluster at {self._address} was lost during the run. "
                "See that its scheduler is running, then run again."
            ) from caught


def run_packed(ours: Versions, packed: bytes) -> bytes:
    """
    Run one task on a worker of a cluster, and pack its result or its exception.

    Packed, they are to dask a row of bytes: it would cut long exceptions short, and hand out arrays that are read-only.
    """
    try:
        who = f"A worker of the cluster, {platform.node()},"
        _check_same(_own_versions(), ours, who, SAME_ANSWERS)
        function, item = pickle.loads(packed)
        return pickle.dumps((True, function(item)))
    except Exception as caught:
        caught.add_note("On a worker of the cluster:\n" + "".join(traceback.format_exception(caught)))
        return pickle.dumps((False, caught))


@contextmanager
def open_cluster(address: str) -> Iterator[Cluster]:
    """
    Join a cluster.

    Raises
    ------
    ConfigError
        Nothing answers at the address, or what answers has no workers or other versions than this machine.
    """
    try:
        import distributed
    except ImportError:
        raise ConfigError(
            "A cluster needs the package distributed, which is not installed: pip install geomap[cluster]"
        ) from None
    _knock(address)
    with _quiet():
        try:
            with warnings.catch_warnings():
                # dask warns of any difference; `_check_cluster` stops at those that matter.
                warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
                client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ImportError) as caught:
            raise ConfigError(f"What answers at {address} is no scheduler that geomap can talk to: {caught}") from None
        with client:
            _check_cluster(client, address)
            yield Cluster(client, address)


@contextmanager
def _quiet() -> Iterator[None]:
    """What goes wrong is told once, by the errors of this module; dask would print tracebacks besides."""
    log = logging.getLogger("distributed.client")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _knock(address: str) -> None:
    """See that a scheduler is there before a client is made, which at another kind of service would wait for ever."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not address.startswith(("tcp://", "tls://")) or not host or not port:
        raise ConfigError(
            f"{address!r} is no address of a cluster. Give that of its scheduler, such as tcp://10.0.0.5:8786."
        )
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S) as line:
            # A scheduler speaks first, and says how many bytes its greeting has; under TLS the client speaks first.
            with line.makefile("rb") as stream:
                greeting = stream.read(8) if address.startswith("tcp://") else bytes(8)
    except OSError as caught:
        raise ConfigError(
            f"No dask scheduler answers at {address} ({caught}). Start one with: dask scheduler; "
            "see that address and port are those it tells, and that no firewall is between."
        ) from None
    if len(greeting) < 8 or int.from_bytes(greeting, "little") > LONGEST_GREETING:
        raise ConfigError(f"What answers at {address} is no dask scheduler. Give the address that a scheduler tells.")


def _check_cluster(client: distributed.Client, address: str) -> None:
    """That there are workers, that scheduler and workers are of this machine's versions, and that a task runs."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        raise ConfigError(
            f"The cluster at {address} has no workers. Start one or more with: dask worker {address}"
        ) from None
    ours = _own_versions()
    _check_same(client.get_versions()["scheduler"]["packages"], ours, f"The scheduler at {address}", SAME_TONGUE)
    rehearsal = client.run(run_packed, ours, pickle.dumps((abs, 0)), on_error="return")
    for worker, answer in rehearsal.items():
        if isinstance(answer, Exception):
            raise ConfigError(
                f"The worker at {worker} cannot run geomap ({answer}). Install it there, in this machine's version."
            )
        succeeded, value = pickle.loads(answer)
        if not succeeded:
            raise value


def _own_versions() -> Versions:
    from distributed.versions import get_package_info

    return get_package_info(SAME_ANSWERS[1:])  # it tells of python in any case


def _check_same(theirs: Versions, ours: Versions, who: str, names: tuple[str, ...]) -> None:
    def shown(versions: Versions, name: str) -> str:
        version = versions.get(name) or "missing"
        return ".".join(version.split(".")[:2]) if name == "python" else version

    differing = [
        f"{name} {shown(theirs, name)} (here {shown(ours, name)})"
        for name in names
        if shown(theirs, name) != shown(ours, name)
    ]
    if differing:
        raise ConfigError(
            f"{who} has other versions than this machine: {', '.join(differing)}. "
            "Install the same everywhere, by the same constraints.txt, and start the cluster again."
        )
