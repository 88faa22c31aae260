"""Chunks of a Monte Carlo run on all cores: one process and one ngspice a core.

Workers are fresh interpreters (`python -m nvmcosim.spice.pool`), not forks: ngspice and OpenMP do
not survive a fork, and `multiprocessing`'s other ways run the user's script again. Each line a
worker reads names a run, a chunk and a folder; it answers with one line once the chunk's file is
written, or with the error's sentence.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.montecarlo import MonteCarlo

__all__ = ["cores", "run_chunks"]

Done = Callable[[], None]


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def run_chunks(
    work: Iterable[tuple[MonteCarlo, int]], folder: Path, workers: int | None, done: Done
) -> None:
    """Write the chunks `work` names into `folder`; `done` is called after each, in this thread.

    An interrupt ends the workers and leaves whole chunks behind. Raises `InputError` with a
    worker's sentence if one fails.
    """
    tasks: queue.SimpleQueue[tuple[MonteCarlo, int]] = queue.SimpleQueue()
    count = 0
    for task in work:
        tasks.put(task)
        count += 1
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    # A pipe that nobody reads would stop a worker that has much to complain about.
    with tempfile.TemporaryFile("w+") as errors:
        processes = [_start(errors) for _ in range(min(workers or cores(), count))]
        try:
            for process in processes:
                args = (process, tasks, answers, folder)
                threading.Thread(target=_feed, args=args, daemon=True).start()
            for _ in range(count):
                answer = answers.get()
                if answer != "done":
                    raise InputError(answer or f"a simulation process ended: {_last(errors)}")
                done()
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()


def _last(errors: IO[str]) -> str:
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _start(errors: IO[str]) -> "subprocess.Popen[str]":
    # The folder that this very package is imported from, wherever the worker starts.
    home = str(Path(__file__).absolute().parents[2])
    path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", "nvmcosim.spice.pool"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )


def _feed(
    process: "subprocess.Popen[str]",
    tasks: "queue.SimpleQueue[tuple[MonteCarlo, int]]",
    answers: "queue.SimpleQueue[str]",
    folder: Path,
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    while True:
        try:
            run, number = tasks.get_nowait()
        except queue.Empty:
            return
        task = {"run": run.to_dict(), "chunk": number, "folder": str(folder)}
        try:
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline().strip()
        except OSError:
            answer = ""
        answers.put(answer)
        if answer != "done":
            return


def _work() -> None:
    """A worker: one task a line of standard input, one answer a line of standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Kept, for their digests are costly next to a chunk.
    runs: dict[str, MonteCarlo] = {}
    for line in sys.stdin:
        task = json.loads(line)
        try:
            stated = json.dumps(task["run"])
            if stated not in runs:
                runs[stated] = MonteCarlo.from_dict(task["run"])
            run = runs[stated]
            run.write_chunk(Path(task["folder"]), task["chunk"])
            answer = "done"
        except InputError as error:
            answer = " ".join(str(error).split())
        print(answer, flush=True)


if __name__ == "__main__":
    _work()
