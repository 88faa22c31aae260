"""A cell of steps for the tests of clusters; its module loads nothing heavy into a worker."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_text


@dataclass(frozen=True)
class StepCell:
    """Takes steps, with a checkpoint after each, and then notes it in a file, with its process."""

    name: str
    notes: Path
    steps: int = 1
    pause: float = 0.0
    kills: bool = False
    complains: str = ""

    @property
    def digest(self) -> str:
        return self.name * 64

    @property
    def title(self) -> str:
        return f"cell {self.name}"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        done = json.loads(checkpoint.read_text()) if checkpoint.exists() else []
        if self.complains:
            raise InputError(self.complains)
        while len(done) < self.steps:
            time.sleep(self.pause)
            if self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(len(done) ** 2)
            write_text(checkpoint, json.dumps(done))
            with (self.notes / self.name).open("a") as stream:
                stream.write(f"{os.getpid()} {len(done)}\n")
            tick()
        return {"squares": done}


def noted(cell: StepCell) -> list[tuple[int, int]]:
    """Processes and steps of `cell`, in the order in which they were taken."""
    path = cell.notes / cell.name
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(process), int(step)) for process, step in map(str.split, lines)]


def kill_after(step: int, cell: StepCell) -> threading.Thread:
    """Kills the process that takes `cell`'s `step`, once it has."""

    def watch() -> None:
        while not any(taken == step for _, taken in noted(cell)):
            time.sleep(0.01)
        os.kill(noted(cell)[-1][0], signal.SIGKILL)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread
