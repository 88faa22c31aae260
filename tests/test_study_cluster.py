"""Cells on a Dask cluster: a real scheduler and worker processes, killed and lost on purpose."""

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dask import config
from distributed import Client, Future, LocalCluster
from step_cell import StepCell, kill_after, noted

from nvmcosim.datasets import ImageSet
from nvmcosim.devices import curve_for
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.studies import cluster as cluster_module
from nvmcosim.studies.cells import CellStore, run_cells
from nvmcosim.studies.cluster import DaskExecutor
from nvmcosim.studies.cluster_worker import run_in_worker
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.training_cells import TrainingCell
from nvmcosim.training import TrainingConfig


@pytest.fixture
def cluster(running_cluster: LocalCluster) -> LocalCluster:
    """The cluster with both its workers, one of which the test before may have killed."""
    with Client(running_cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return running_cluster


@pytest.fixture(scope="module")
def running_cluster() -> Iterator[LocalCluster]:
    # A cell may kill one worker; the second is one too many.
    with (
        config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs="CRITICAL",
        ) as running,
    ):
        yield running


def rows(**changes: Any) -> ImageSet:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 200).astype(np.uint8)
    pictures = random.integers(0, 60, (200, 1, 28, 28)).astype(np.uint8)
    pictures[np.arange(200), 0, 2 * labels + 4] = 250
    found = ImageSet("rows", "Rows", "here", pictures, labels, pictures, labels, {"rows": "0"})
    return replace(found, **changes)


class RowsCell(TrainingCell):
    """Trains on made-up images."""

    @property
    def images(self) -> ImageSet:
        return rows()


class StrangeCell(TrainingCell):
    """Has other images once it has travelled."""

    @property
    def images(self) -> ImageSet:
        return rows(checksums={"rows": "1"}) if "digest" in self.__dict__ else rows()


def rows_config(device: str = "ono2021") -> TrainingConfig:
    plan = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns", device=device)
    return TrainingConfig("mp", plan, epochs=2)


def test_a_cluster_trains_the_same_bits_without_the_curves_file(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    curve = tmp_path / "curve.json"
    curve_for("ono2021").save(curve)
    cell = RowsCell(rows_config(str(curve)))
    here, there = CellStore(tmp_path / "here"), CellStore(tmp_path / "there")
    run_cells([cell], here, InProcess())
    curve.unlink()
    counts: list[int] = []
    run_cells([cell], there, DaskExecutor(cluster.scheduler_address, counts.append))
    result = there.get(cell.digest)
    assert result is not None
    assert result == here.get(cell.digest)
    assert result["digest"] == cell.digest
    assert counts == [2]


def test_other_images_than_those_of_the_digest_are_refused(tmp_path: Path) -> None:
    cell = pickle.loads(pickle.dumps(StrangeCell(rows_config())))
    with pytest.raises(InputError, match="Rows here has other files than where the study was"):
        cell.run(tmp_path / "checkpoint")


def test_a_mistake_found_in_a_worker_is_its_sentence(cluster: LocalCluster, tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [StepCell("a", tmp_path, complains="MNIST is missing"), StepCell("b", tmp_path)]
    with pytest.raises(InputError, match=r"^the worker at tcp://\S+: MNIST is missing$"):
        run_cells(cells, store, DaskExecutor(cluster.scheduler_address))
    # What ran beside it is kept.
    assert store.get(cells[1].digest) == {"squares": [0]}


def test_the_cell_of_a_killed_worker_goes_on_where_it_was(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [StepCell(name, tmp_path, steps=6, pause=0.1) for name in "abc"]
    killer = kill_after(3, cells[0])
    run_cells(cells, store, DaskExecutor(cluster.scheduler_address))
    killer.join(1)
    assert [store.get(cell.digest) for cell in cells] == [{"squares": [0, 1, 4, 9, 16, 25]}] * 3
    assert len({process for process, _ in noted(cells[0])}) == 2
    # None was taken twice; one may lack its note: killed between checkpoint and note.
    assert [step for _, step in noted(cells[0])] in ([1, 2, 3, 4, 5, 6], [1, 2, 3, 5, 6])
    for cell in cells[1:]:
        assert [step for _, step in noted(cell)] == [1, 2, 3, 4, 5, 6]
    # Neither checkpoints nor the mark are left.
    assert {path.suffix for path in store.folder.iterdir()} == {".json"}


def test_without_a_shared_folder_the_cell_starts_anew(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def elsewhere(folder: Path) -> Iterator[Path]:
        yield tmp_path / "not-here" / "mark"

    monkeypatch.setattr(cluster_module, "_mark", elsewhere)
    store = CellStore(tmp_path / "cells")
    cell = StepCell("a", tmp_path, steps=5, pause=0.1)
    killer = kill_after(2, cell)
    run_cells([cell], store, DaskExecutor(cluster.scheduler_address))
    killer.join(1)
    assert store.get(cell.digest) == {"squares": [0, 1, 4, 9, 16]}
    taken = [step for _, step in noted(cell)]
    assert taken in ([1, 2, 1, 2, 3, 4, 5], [1, 2, 3, 1, 2, 3, 4, 5])
    assert not (tmp_path / "not-here").exists()


def test_an_interrupted_sweep_stops_its_cells_and_goes_on(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [StepCell("a", tmp_path), StepCell("b", tmp_path, steps=1000, pause=0.05)]
    cells += [StepCell("c", tmp_path)]

    def interrupt(cell: Any) -> None:
        until = time.monotonic() + 30
        while not noted(cells[1]):
            assert time.monotonic() < until, "the second cell never started"
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cells(cells, store, DaskExecutor(cluster.scheduler_address), interrupt)
    reached, before = len(noted(cells[1])), -1
    for _ in range(10):
        if reached == before:
            break
        time.sleep(1)
        before, reached = reached, len(noted(cells[1]))
    assert before == reached > 0
    assert not noted(cells[2])
    cells[1] = replace(cells[1], steps=reached + 2)
    run_cells(cells, store, DaskExecutor(cluster.scheduler_address))
    assert len(noted(cells[0])) == 1
    assert [step for _, step in noted(cells[1])] == list(range(1, reached + 3))
    assert all(store.get(cell.digest) for cell in cells)


def test_runs_that_the_scheduler_drops_are_one_sentence(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [StepCell("a", tmp_path), StepCell("b", tmp_path, steps=1000, pause=0.05)]

    def drop(cell: Any) -> None:
        with Client(cluster.scheduler_address, set_as_default=False) as other:
            keys = other.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))
            other.cancel([Future(key, other) for key in keys], force=True)

    with pytest.raises(InputError, match="or has dropped what it was given; every finished run is"):
        run_cells(cells, store, DaskExecutor(cluster.scheduler_address), drop)
    assert store.get(cells[0].digest) is not None


def test_a_cell_that_kills_every_worker_is_one_sentence(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [StepCell("k", tmp_path, kills=True), StepCell("a", tmp_path, steps=8, pause=0.1)]
    with pytest.raises(InputError, match=r"^cell k was given to 2 workers and each was killed, "):
        run_cells(cells, store, DaskExecutor(cluster.scheduler_address))
    # What ran beside it has run to its end.
    assert store.get(cells[1].digest) is not None
    assert store.get(cells[0].digest) is None


def test_a_worker_runs_one_cell_at_a_time(cluster: LocalCluster, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    cells = [StepCell(name, tmp_path / "both", steps=4, pause=0.05) for name in "ab"]
    (tmp_path / "both").mkdir()
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
        sent = [
            client.submit(run_in_worker, pickle.dumps(c), mark, workers=[worker]) for c in cells
        ]
        assert client.gather(sent) == [{"squares": [0, 1, 4, 9]}] * 2
    first, second = sorted(path.stat().st_mtime for path in (tmp_path / "both").iterdir())
    # Side by side, they would end within a step of each other.
    assert second - first > 3 * 0.05


def other_version(folder: Path) -> Path:
    """A folder that makes a Python that has it on its path believe in another nvmcosim."""
    info = folder / "nvmcosim-99.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nvmcosim\nVersion: 99.0\n")
    return folder


def test_a_worker_of_another_version_is_refused(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.wait_for_workers(2)
    monkeypatch.syspath_prepend(other_version(tmp_path))
    cell = StepCell("a", tmp_path)
    with pytest.raises(InputError, match=r"the worker at tcp://\S+ has nvmcosim .*must have 99\.0"):
        run_cells([cell], CellStore(tmp_path / "cells"), DaskExecutor(cluster.scheduler_address))
    assert not noted(cell)


@contextmanager
def dask(folder: Path, *arguments: str, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A `dask scheduler` or `dask worker` with `path` on its Python path, killed in the end."""
    search = os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    command += ["--scheduler-file", str(folder / "scheduler.json"), "--host", "127.0.0.1"]
    with (folder / f"{arguments[0]}.log").open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": search}, stdout=log, stderr=log
        )
        try:
            while not (folder / "scheduler.json").exists():
                time.sleep(0.05)
            yield process
        finally:
            process.kill()
            process.wait()


def test_a_scheduler_of_another_version_is_refused(tmp_path: Path) -> None:
    with dask(tmp_path, "scheduler", "--port", "0", path=other_version(tmp_path)):
        executor = DaskExecutor(str(tmp_path / "scheduler.json"), lambda _: pytest.fail("begun"))
        with pytest.raises(InputError, match=r"the scheduler at tcp://\S+ has nvmcosim 99\.0; it"):
            run_cells([StepCell("a", tmp_path)], CellStore(tmp_path / "cells"), executor)


def test_a_lost_scheduler_is_one_sentence_and_what_is_done_is_kept(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [StepCell("a", tmp_path), StepCell("b", tmp_path, steps=1000, pause=0.1)]
    counts: list[int] = []
    worker = ("worker", "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
    # The scheduler cannot import the cells, and need not.
    with (
        dask(tmp_path, "scheduler", "--port", "0", path=tmp_path) as scheduler,
        ExitStack() as workers,
    ):

        def on_workers(count: int) -> None:
            counts.append(count)
            if count == 0:
                workers.enter_context(dask(tmp_path, *worker, path=Path(__file__).parent))

        executor = DaskExecutor(str(tmp_path / "scheduler.json"), on_workers)
        with pytest.raises(InputError, match=r"scheduler at tcp://127\S+ was lost, or has dropped"):
            run_cells(cells, store, executor, lambda _: scheduler.kill())
    # The sweep had waited for its first worker.
    assert counts == [0, 1]
    assert store.get(cells[0].digest) == {"squares": [0]}


@contextmanager
def answering(greeting: bytes) -> Iterator[str]:
    """The address of a server that speaks another protocol than Dask's."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.sendall(greeting)

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


def test_an_address_without_a_scheduler_is_one_sentence(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    worker = next(iter(cluster.scheduler_info["workers"]))
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web, answering(bytes(4096)) as zeros:
        for address in (web, zeros, "tcp://127.0.0.1", "tls://127.0.0.1:1"):
            executor = DaskExecutor(address, timeout_s=2)
            with pytest.raises(InputError, match=f"there is no Dask scheduler at {address}: "):
                run_cells([StepCell("a", tmp_path)], CellStore(tmp_path / "cells"), executor)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for address, message in (
            ("tcp://127.0.0.1:1", "there is no Dask scheduler at tcp://127.0.0.1:1: "),
            (f"tcp://127.0.0.1:{silent.getsockname()[1]}", "no answer in 0.5 s"),
            ("nothing://here:1", "unknown address scheme 'nothing'"),
            (worker, "is a Dask worker, not a scheduler"),
        ):
            executor = DaskExecutor(address, timeout_s=0.5)
            with pytest.raises(InputError, match=message):
                run_cells([StepCell("a", tmp_path)], CellStore(tmp_path / "cells"), executor)
    assert not (tmp_path / "cells").exists()
