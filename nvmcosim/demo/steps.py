"""Steps of the demo: each remembers what it was made from, and is not done twice."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import digest_of, read_json, write_json

__all__ = ["Outcome", "Report", "Step", "do", "source_digest"]

#: Told how much of a step is done: parts done, parts in all, what is being done.
Report = Callable[[float, float, str], None]

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Step:
    """One step of the flow.

    Fields:
        name: of the step and of what it remembers.
        title: what a person reads.
        inputs: all that its files depend on, JSON-ready; with the digest of `sources`, the key.
        sources: the packages and modules of `nvmcosim` that make its files, such as `hdl`.
        work: writes the step's files and returns them; called with a `Report`.
    """

    name: str
    title: str
    inputs: Mapping[str, Any]
    sources: tuple[str, ...]
    work: Callable[[Report], list[Path]]

    @property
    def key(self) -> str:
        """Digest of everything that the step's files depend on."""
        return digest_of([self.name, dict(self.inputs), source_digest(*self.sources)])


@dataclass
class Outcome:
    """How a step went.

    Fields:
        name, title, key: of the step.
        outcome: `computed`, `reused` or `missing`.
        seconds: what computing took, in this run or in the one that did it.
        files: names and SHA-256 of the step's files.
        missing: for `missing`, the sentence that says what is.
    """

    name: str
    title: str
    key: str
    outcome: str
    seconds: float | None = None
    files: dict[str, str] = field(default_factory=dict)
    missing: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON-ready values."""
        return dict(self.__dict__)


def source_digest(*names: str) -> str:
    """SHA-256 over the Python sources of the packages or modules `names` of `nvmcosim`."""
    digest = hashlib.sha256()
    for name in names:
        home = _PACKAGE / name
        paths = sorted(home.rglob("*.py")) if home.is_dir() else [home.with_suffix(".py")]
        for path in paths:
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def do(step: Step, folder: Path, report: Report) -> Outcome:
    """Do `step` in `folder`, unless its files are there and nothing that they depend on changed.

    A tool that is missing gives an outcome, not an error; it is looked for again next time.
    """
    memory = folder / ".steps" / f"{step.name}.json"
    key = step.key
    kept = _kept(memory, key, folder)
    if kept is not None:
        return Outcome(step.name, step.title, key, "reused", kept["seconds"], kept["files"])
    start = time.monotonic()
    try:
        paths = step.work(report)
    except MissingTool as error:
        return Outcome(step.name, step.title, key, "missing", missing=str(error))
    seconds = time.monotonic() - start
    files = {path.relative_to(folder).as_posix(): _file_digest(path) for path in paths}
    write_json(memory, {"key": key, "seconds": seconds, "files": files})
    return Outcome(step.name, step.title, key, "computed", seconds, files)


def _kept(memory: Path, key: str, folder: Path) -> dict[str, Any] | None:
    """What an earlier run remembers, if it was the same step and its files are as it left them."""
    if not memory.is_file():
        return None
    try:
        kept = read_json(memory)
        if kept["key"] != key or not isinstance(kept["seconds"], float):
            return None
        for name, digest in kept["files"].items():
            if _file_digest(folder / name) != digest:
                return None
    except (InputError, OSError, KeyError, AttributeError, TypeError):
        return None
    return kept


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
