"""A folder of result files as the commands write them, with made-up numbers."""

from pathlib import Path
from typing import Any

import numpy as np

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.files import write_json, write_text
from nvmcosim.pymodel.store_plan import StorePlan

PLAN = StorePlan.two_domain("bf16", bsp=6, long="20 ns", short="0 ns", seed=1)
VERILOG = "/* made up */\nmodule top(clk, rst);\n  input clk;\n  wire clk;\nendmodule\n"


def made_up_curve(device: str = "made-up junction") -> WriteCurve:
    law = law_curve("ono2021")
    return WriteCurve(
        device=device,
        direction="P-AP",
        amplitude_v=1.2,
        pulse_ps=law.pulse_ps[:121],
        p_fail=np.clip(law.p_fail[:121] ** 1.5, 0, 1),
        energy_mtj_j=law.pulse_ps[:121] * 4e-17,
        energy_driver_j=law.pulse_ps[:121] * 1.5e-17,
        noise="thermal",
        parameters={"ra_ohm_um2": 5.0, "fit": {"delta": 60.0}, "samples": [1, 2, 3]},
        seed=3,
        versions={"ngspice": "39"},
    )


def training(plan: StorePlan = PLAN, device: str = "made-up junction") -> dict[str, Any]:
    def column(name: str, unit: str, scale: float) -> dict[str, Any]:
        points = [
            {
                "bsp": bsp,
                "short_ps": short,
                "accuracy": 0.978 - 0.004 * max(0, bsp - 4) * (1 - short / 20_000) * scale,
                "energy": 1e-6 * (1 - bsp / 16 * (1 - short / 20_000)),
                "saved": bsp / 16 * (1 - short / 20_000),
                "failed_bits": 1000 * bsp,
                "planned": bsp == 6 and short == 0,
            }
            for bsp in (4, 5, 6, 7)
            for short in (0, 5000, 10_000)
        ]
        base = {"accuracy": 0.9786, "energy": 1e-6, "saved": 0.0, "failed_bits": 12}
        return {
            "device": name,
            "curve_digest": "ab" * 32,
            "energy_unit": unit,
            "baseline": base,
            "points": points,
        }

    return {
        "view": "training",
        "plan_digest": plan.digest(),
        "network": "MP",
        "dataset": "MNIST",
        "parameters": 118_282,
        "train_size": 20_000,
        "full_size": 60_000,
        "epochs": 5,
        "paper_epochs": 20,
        "columns": [column(device, "J", 1.0), column("ono2021", "relative", 0.6)],
        "provenance": {"command": "nvmcosim demo", "seed": 1, "versions": {"torch": "2"}},
    }


def golden(plan: StorePlan = PLAN, device: str = "made-up junction") -> dict[str, Any]:
    rates = [1.0 if p == 0 else 3e-5 for p in plan.bit_pulse_ps]
    return {
        "view": "golden",
        "plan_digest": plan.digest(),
        "curve_digest": "ab" * 32,
        "device": device,
        "words": 4096,
        "contents_digest": "cd" * 32,
        "commands": 4096,
        "pulses": [4096, 0],
        "driven_cycles": [163_840, 0],
        "retries": 0,
        "energy": 4.2e-8,
        "energy_unit": "J",
        "failed_rate_by_bit": [rate / 2 for rate in rates],
        "expected_rate_by_bit": [rate / 2 for rate in rates],
    }


def cosim(plan: StorePlan = PLAN) -> dict[str, Any]:
    run = {"block": "store-domain", "mismatches": 0, "cycles": 52_000, "seconds": 3.2}
    run |= {"plan_digest": plan.digest(), "case": "bsp6-short0"}
    runs = [{**run, "simulator": s, "vectors": 13_000} for s in ("icarus", "verilator")]
    runs.append({**runs[0], "case": "cells in ngspice", "vectors": 12, "facts": {"cells": 20}})
    cells = [{"row": 0, "column": n, "mz": [-1.0, 0.0, 1.0]} for n in range(3)]
    waveform = {"time_ns": [0.0, 10.0, 20.0], "cells": cells}
    return {"runs": runs, "plan_digest": plan.digest(), "waveform": waveform}


def figures() -> dict[str, Any]:
    def row(name: str, paper: float | None, ours: float | None, verdict: str, **more: Any) -> dict:
        return {"id": name, "paper": paper, "ours": ours, "verdict": verdict, **more}

    why = "N(8, 3) ns gives 0.98%; the printed rate needs a deviation of 1.775 ns"
    return {
        "study": "ono2021",
        "figures": [
            row("table3/mp/0.5", 37.5, 37.5, "reproduced", unit="%", spread=0.0, reason=""),
            row("fig5/15ns", 0.004, 0.98, "contradicted", unit="%", spread=0.01, n=5, reason=why),
            row("fig6a/bsp7/0ns", 97.5, 96.1, "differs", unit="%", spread=0.2, n=3, reason="lr"),
            row("fig6b", None, None, "not-run", unit="%", spread=None, reason="no CIFAR-10"),
        ],
    }


def sidecar(plan: StorePlan = PLAN) -> dict[str, Any]:
    return {
        "module": "store_controller",
        "plan_digest": plan.digest(),
        "sha256": "ef" * 32,
        "parameters": {"rows": 256},
        "timing": {"latency": 1, "word_cycles_fewest": 4, "word_cycles_most": 5},
        "clock": {"port": "clk", "frequency_mhz": 200.0},
        "ports": [{"name": "clk", "direction": "input", "width": 1}],
    }


def fill(folder: Path, name: str = "made-up junction") -> Path:
    """Write one of each result file to `folder`; `name` is the device's name in all of them."""
    write_json(folder / "plan.json", PLAN.to_dict())
    made_up_curve(name).save(folder / "curve.json")
    law_curve("ono2021").save(folder / "law.json")
    write_json(folder / "golden.json", golden(device=name))
    write_json(folder / "store_controller.json", sidecar())
    write_text(folder / "store_controller.v", VERILOG)
    cells = {"name": "store_controller", "target": "generic", "cells": 518, "flip_flops": 173}
    write_json(folder / "synth.json", {"results": [cells]})
    write_json(folder / "cosim.json", cosim())
    write_json(folder / "training.json", training(device=name))
    write_json(folder / "study.json", figures())
    return folder
