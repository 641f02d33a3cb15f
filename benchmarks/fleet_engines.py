"""The engines that `benchmarks.fleet` compares, each with a head and two workers as processes of their own on this computer."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from jasang.mentor.fleet import DaskCluster, FleetFactory, LocalProcesses
from jasang.mentor.fleet_executors import Executor, Finished
from jasang.mentor.fleet_factory import Outcome, diagnose_one

_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
_DASK_PORT, _SPARK_PORT, _RAY_PORT = 18786, 18077, 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How an engine is started, and how its working processes and its head are known by their command lines."""

    start: Callable[[], AbstractContextManager[Executor]]
    worker: str = "spawn_main"
    head: str = ""


@contextmanager
def _one() -> Iterator[Executor]:
    yield LocalProcesses(workers=1)


@contextmanager
def _local() -> Iterator[Executor]:
    yield LocalProcesses(workers=2)


@contextmanager
def _dask() -> Iterator[Executor]:
    address = f"tcp://127.0.0.1:{_DASK_PORT}"
    # What Dask sets otherwise (trim at 64 kB) gives every large array back to the system and doubles the work of a diagnosis.
    os.environ.update({"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"})
    scheduler = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        str(_DASK_PORT),
    ]
    workers = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--nworkers", "2"]
    with ExitStack() as stack:
        _start(stack, [*scheduler, "--no-dashboard"])
        _start(stack, [*workers, "--no-dashboard", "--death-timeout", "30"])
        yield DaskCluster(address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class RayTasks:
    """Ray's own scheduling of the same function, a task a factory."""

    name: str = "ray:2"
    retries: int = 3

    def run(self, factories: Sequence[FleetFactory]) -> Iterator[Finished]:
        import ray  # noqa: PLC0415 - only in the environment of this benchmark

        remote = ray.remote(max_retries=self.retries, num_cpus=1)(diagnose_one)
        running = {remote.remote(factory): factory for factory in factories}
        while running:
            done, _ = ray.wait(list(running), num_returns=1)
            outcome, document = ray.get(done[0])
            yield running.pop(done[0]), outcome, document


@contextmanager
def _ray() -> Iterator[Executor]:
    import ray  # noqa: PLC0415 - see above

    command = str(Path(sys.executable).with_name("ray"))
    address = f"{ray.util.get_node_ip_address()}:{_RAY_PORT}"
    common = ["--block", "--disable-usage-stats", "--object-store-memory", "200000000"]
    # Ray asks for a token of its own even between processes of one computer; a benchmark needs none.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    # Its workers give way to everything else (niceness 15); the other engines do not.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - its own spelling
    with ExitStack() as stack:
        head = [command, "start", "--head", "--port", str(_RAY_PORT), "--num-cpus", "0", "--include-dashboard", "false"]
        _start(stack, head + common)
        _until(lambda: _listens(_RAY_PORT))
        _until(lambda: _joined(ray, address))
        stack.callback(ray.shutdown)
        for there in (1, 2):  # at the same time they would take each other's ports
            _start(stack, [command, "start", "--address", address, "--num-cpus", "1", *common])
            _until(lambda there=there: ray.cluster_resources().get("CPU", 0) >= there)
        yield RayTasks()


def _joined(ray: Any, address: str) -> bool:
    try:
        ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    except (ConnectionError, RuntimeError):  # the head listens before it answers
        ray.shutdown()
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkTasks:
    """Spark jobs of one partition each."""

    context: Any = field(repr=False)
    name: str = "spark:2"

    def run(self, factories: Sequence[FleetFactory]) -> Iterator[Finished]:
        # A job a factory from threads: one job over all of them tells nothing until its end.
        with ThreadPoolExecutor(4) as threads:
            running = {threads.submit(self._one, factory): factory for factory in factories}
            for future in as_completed(running):
                outcome, document = future.result()
                yield running[future], outcome, document

    def _one(self, factory: FleetFactory) -> tuple[Outcome, dict[str, Any] | None]:
        return self.context.parallelize([factory], 1).map(diagnose_one).collect()[0]


@contextmanager
def _spark() -> Iterator[Executor]:
    import pyspark  # noqa: PLC0415 - only in the environment of this benchmark
    from pyspark.sql import SparkSession  # noqa: PLC0415 - see above

    home = Path(pyspark.__file__).parent
    master = f"spark://127.0.0.1:{_SPARK_PORT}"
    os.environ.update({
        "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": os.getcwd()
    })  # fmt: skip
    deploy = [str(home / "bin" / "spark-class"), "org.apache.spark.deploy"]
    with ExitStack() as stack:
        _start(
            stack,
            [deploy[0], f"{deploy[1]}.master.Master", "-h", "127.0.0.1", "-p", str(_SPARK_PORT), "--webui-port", "0"],
        )
        _until(lambda: _listens(_SPARK_PORT))
        for _ in range(2):
            command = [
                deploy[0],
                f"{deploy[1]}.worker.Worker",
                "-h",
                "127.0.0.1",
                "--webui-port",
                "0",
                "-c",
                "1",
                "-m",
                "2G",
                master,
            ]
            _start(stack, command)
        builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
        builder = builder.config("spark.task.maxFailures", "4").config("spark.executor.memory", "1g")
        session = builder.config("spark.log.level", "OFF").getOrCreate()
        stack.callback(session.stop)
        yield SparkTasks(context=session.sparkContext)


def _start(stack: ExitStack, command: list[str]) -> None:
    stack.callback(_end, subprocess.Popen(command, **_QUIET))


def _end(process: subprocess.Popen) -> None:
    for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
        child.kill()
    process.kill()
    process.wait()


def _listens(port: int) -> bool:
    return any(c.laddr.port == port and c.status == "LISTEN" for c in psutil.net_connections("tcp"))


def _until(true: Callable[[], bool], seconds: float = 240) -> None:
    last = time.monotonic() + seconds
    while not true():
        if time.monotonic() > last:
            raise TimeoutError(f"the engine was not ready within {seconds} s")
        time.sleep(0.2)


ENGINES = {
    "one": Engine(start=_one),
    "local": Engine(start=_local),
    "dask": Engine(start=_dask, head="dask_scheduler"),
    "ray": Engine(start=_ray, worker="ray::diagnose_one", head="gcs_server"),
    "spark": Engine(start=_spark, worker="CoarseGrainedExecutorBackend", head="deploy.master.Master"),
}
