"""The result files of a folder, told apart by what they hold; they come from anywhere.

A folder may hold any of these, under any name ending in `.json`, and any number of each:

- a plan (`kind`) and write curves (`pulse_ps`, `p_fail`), as `nvmcosim` saves them;
- RTL sidecars (`ports`), with the Verilog file they name beside them;
- cosimulations (`runs`), studies (`figures`), proofs (`proofs`), fronts (`optimize`);
- benches and cell counts (`results`);
- the demo's golden model and training (`view`), and its steps (`steps`).

A file that is none of these is passed over; one that claims to be and is broken is reported.
"""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.curve import WriteCurve, load_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import read_json
from nvmcosim.pymodel.plan import Plan, plan_from_dict
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["Results", "load_results"]

#: More result files than this in one folder are not one run's results.
MAX_FILES = 500
#: Lines of a Verilog file that the page quotes.
EXCERPT_LINES = 60
#: Bytes of the largest plot that goes into a page.
MAX_PICTURE = 4 << 20


@dataclass
class Results:
    """What a page can show; every list may be empty.

    Fields:
        folder: where the files are.
        plan: the plan of the run, None if no plan file is there.
        curves: write curves; `curve_files` has their file names, in the same order.
        golden, training: the demo's results of these views.
        modules: RTL sidecars, each with `verilog` (an excerpt of the file it names) added.
        cosims, studies, fronts, synths, benches, proofs: files as their commands wrote them, `file`
            added; studies and fronts have `pictures` too, addresses and titles of the plots they
            list.
        demo: the demo's own summary.
        missing: sentences about parts that could not be run.
        refused: sentences about files that could not be used.
    """

    folder: Path
    plan: StorePlan | None = None
    curves: list[WriteCurve] = field(default_factory=list)
    curve_files: list[str] = field(default_factory=list)
    golden: list[dict[str, Any]] = field(default_factory=list)
    training: list[dict[str, Any]] = field(default_factory=list)
    modules: list[dict[str, Any]] = field(default_factory=list)
    cosims: list[dict[str, Any]] = field(default_factory=list)
    studies: list[dict[str, Any]] = field(default_factory=list)
    fronts: list[dict[str, Any]] = field(default_factory=list)
    synths: list[dict[str, Any]] = field(default_factory=list)
    benches: list[dict[str, Any]] = field(default_factory=list)
    proofs: list[dict[str, Any]] = field(default_factory=list)
    demo: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def empty(self) -> bool:
        """Whether there is nothing to show."""
        parts = (self.curves, self.golden, self.training, self.modules, self.cosims, self.fronts)
        return not any((self.plan, *parts, self.studies, self.synths, self.benches, self.proofs))


def load_results(folder: str | os.PathLike[str]) -> Results:
    """All result files in `folder` (not in folders inside it), in the order of their names.

    Raises `InputError` if it is no folder, holds too many files, or nothing that a page shows.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one that holds result files")
    paths = sorted(path for path in folder.glob("*.json") if path.is_file())
    if len(paths) > MAX_FILES:
        raise InputError(f"{folder} holds {len(paths)} files; a page shows at most {MAX_FILES}")
    results = Results(folder)
    for path in paths:
        try:
            _add(results, path)
        except InputError as error:
            results.refused.append(str(error))
    if results.empty():
        why = f": {results.refused[0]}" if results.refused else ""
        raise InputError(f"{folder} holds no result file that a page shows{why}")
    return results


def _add(results: Results, path: Path) -> None:
    values = read_json(path)
    for claims, add in _READERS:
        if claims(values):
            add(results, path, values)
            return


def _add_plan(results: Results, path: Path, values: dict[str, Any]) -> None:
    plan: Plan = plan_from_dict(values)
    if isinstance(plan, StorePlan):
        results.plan = plan


def _add_curve(results: Results, path: Path, values: dict[str, Any]) -> None:
    results.curves.append(load_curve(path))
    results.curve_files.append(path.name)


def _add_sidecar(results: Results, path: Path, values: dict[str, Any]) -> None:
    values = {"file": path.name, **values}
    # Only a file right beside the sidecar is read, whatever path it states.
    verilog = path.with_suffix(".v")
    values["verilog"] = _excerpt(verilog) if verilog.is_file() else ""
    values["verilog_file"] = verilog.name
    results.modules.append(values)


def _excerpt(path: Path) -> str:
    """The head of the Verilog module in `path`, from its `module` line on."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        lines = [line.rstrip("\n")[:200] for _, line in zip(range(5000), stream, strict=False)]
    starts = [n for n, line in enumerate(lines) if line.startswith("module ")]
    first = starts[0] if starts else 0
    kept = [line for line in lines[first:] if not line.lstrip().startswith("(*")]
    kept = [line for line in kept if line.strip()]
    more = ["…"] if len(kept) > EXCERPT_LINES else []
    return "\n".join(kept[:EXCERPT_LINES] + more)


def _rows_into(name: str, key: str) -> Callable[[Results, Path, dict[str, Any]], None]:
    def add(results: Results, path: Path, values: dict[str, Any]) -> None:
        rows = values[key]
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise InputError(f"{path}: {key!r} must be a list of objects")
        getattr(results, name).append({"file": path.name, **values})

    return add


def _add_view(results: Results, path: Path, values: dict[str, Any]) -> None:
    if "missing" in values:
        results.missing.append(str(values["missing"]))
    elif values["view"] in ("golden", "training"):
        getattr(results, values["view"]).append({"file": path.name, **values})


def _add_demo(results: Results, path: Path, values: dict[str, Any]) -> None:
    if not isinstance(values["steps"], list):
        raise InputError(f"{path}: 'steps' must be a list")
    results.demo = values


def _plotted_into(name: str, key: str) -> Callable[[Results, Path, dict[str, Any]], None]:
    add_rows = _rows_into(name, key)

    def add(results: Results, path: Path, values: dict[str, Any]) -> None:
        add_rows(results, path, values)
        listed = values.get("plots") or []
        if not isinstance(listed, list) or len(listed) > MAX_FILES:
            raise InputError(f"{path}: 'plots' must be a list")
        found = [_picture(path.parent, entry) for entry in listed]
        rows = getattr(results, name)
        rows[-1]["pictures"] = [picture for picture in found if picture is not None]
        gone = sum(picture is None for picture in found)
        if gone:
            results.missing.append(
                f"{path.name} lists {gone} plots that are not beside it; its own command draws "
                "them again from the runs that are kept"
            )

    return add


def _picture(folder: Path, entry: Any) -> tuple[str, str] | None:
    """The `data:` address and title of a plot that a study's file lists, if its file is there.

    Only files within the study's own folder are read.
    """
    for kind, media in (("svg", "image/svg+xml"), ("png", "image/png")):
        named = entry.get(kind) if isinstance(entry, Mapping) else None
        if not isinstance(named, str):
            continue
        path = (folder / named).resolve()
        inside = path.is_relative_to(folder.resolve()) and path.suffix == f".{kind}"
        if inside and path.is_file() and path.stat().st_size <= MAX_PICTURE:
            data = base64.b64encode(path.read_bytes()).decode()
            return f"data:{media};base64,{data}", str(entry.get("title", path.stem))
    return None


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda values: all(key in values for key in keys)


def _counts_cells(values: Mapping[str, Any]) -> bool:
    rows = values.get("results")
    return isinstance(rows, list) and any(isinstance(r, Mapping) and "cells" in r for r in rows)


_READERS: tuple[tuple[Any, Callable[[Results, Path, dict[str, Any]], None]], ...] = (
    (_has("steps", "plan_digest"), _add_demo),
    (_has("view"), _add_view),
    (_has("pulse_ps", "p_fail"), _add_curve),
    (_has("ports"), _add_sidecar),
    (_has("runs"), _rows_into("cosims", "runs")),
    (_has("figures"), _plotted_into("studies", "figures")),
    (_has("optimize", "points"), _plotted_into("fronts", "points")),
    (_has("proofs"), _rows_into("proofs", "proofs")),
    (_counts_cells, _rows_into("synths", "results")),
    (_has("results"), _rows_into("benches", "results")),
    (_has("kind", "format"), _add_plan),
)
