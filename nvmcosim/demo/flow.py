"""The flow itself: which steps there are, what each depends on, and the page at the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvmcosim.datasets import search_folders
from nvmcosim.demo.figures import demo_figures
from nvmcosim.demo.golden import golden_result
from nvmcosim.demo.hardware import (
    analog_result,
    cosim_result,
    simulator_versions,
    synth_result,
    write_rtl,
)
from nvmcosim.demo.steps import Outcome, Report, Step, do
from nvmcosim.demo.summary import view_lines
from nvmcosim.demo.training import TRAINING_SOURCES, TrainingSize, training_result
from nvmcosim.provenance import provenance
from nvmcosim.pymodel.bit_curves import bit_failure_rates
from nvmcosim.pymodel.curve import WriteCurve, load_curve
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import read_json, write_json, write_text
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.views import view

__all__ = ["Demo", "run_demo"]

#: ono2021's own law of the switching threshold (Section V-A), beside every device.
PAPER_LAW = "ono2021"
CURVE_FILE, LAW_FILE = "curve.json", "law.json"

#: Told that a step begins: its number, how many there are, its title; gives the step's `Report`.
Begin = Callable[[int, int, str], Report]


@dataclass
class Demo:
    """One run of the flow for `plan` in the folder `out`.

    `data` names folders of data sets; None is as `nvmcosim data` says. `size` is how much is
    trained. Outcomes of the steps gather in `outcomes`.
    """

    plan: StorePlan
    out: Path
    data: str | None = None
    size: TrainingSize = field(default_factory=TrainingSize)
    outcomes: list[Outcome] = field(default_factory=list)

    def curves(self) -> list[Path]:
        """The curve files there are: the device's first, the paper's law second."""
        found = [self.out / name for name in (CURVE_FILE, LAW_FILE)]
        return [path for path in found if path.is_file()]

    def curve(self) -> WriteCurve:
        """The device's curve, or the paper's law where that could not be made."""
        return load_curve(self.curves()[0])

    def steps(self) -> Iterator[Step]:
        """The steps, each made when those before it are done."""
        yield self._curve_step()
        plan, curve = self.plan, self.curve()
        both = {"plan": plan.to_dict(), "curve": curve.digest}
        seeded = {**both, "seed": plan.seed}
        write = self._write
        yield Step(
            "golden",
            "Golden model",
            seeded,
            ("pymodel", "demo/golden"),
            lambda report: [write("golden", golden_result(plan, curve))],
        )
        yield Step(
            "rtl",
            "RTL",
            {"plan": plan.to_dict()},
            ("pymodel", "hdl", "demo/hardware"),
            lambda report: write_rtl(plan, self.out, report),
        )
        yield Step(
            "synth",
            "Synthesis",
            {"plan": plan.to_dict()},
            ("pymodel", "hdl", "demo/hardware"),
            lambda report: [write("synth", synth_result(plan, report))],
        )
        bench = ("pymodel", "hdl", "cocotb_tests", "demo/hardware")
        yield Step(
            "cosim",
            "Cosimulation on Icarus and Verilator",
            {**seeded, "simulators": simulator_versions()},
            bench,
            lambda report: [write("cosim", cosim_result(plan, curve, report))],
        )
        yield Step(
            "analog",
            "Cosimulation with ngspice cells",
            seeded,
            (*bench, "spice"),
            lambda report: [write("analog", analog_result(plan, report))],
        )
        files = self.curves()
        size = [self.size.epochs, self.size.train_images]
        yield Step(
            "training",
            "Training",
            {**both, "curves": [load_curve(file).digest for file in files], "size": size},
            TRAINING_SOURCES,
            lambda report: [
                write(
                    "training",
                    training_result(plan, files, self.out, self.size, self.data, report),
                )
            ],
        )

    def _curve_step(self) -> Step:
        device = self.plan.device
        content: Any = device
        if device.endswith((".toml", ".json")) and Path(device).is_file():
            content = Path(device).read_text(encoding="utf-8", errors="replace")
        return Step(
            "curve",
            f"Device curve of {Path(device).name}",
            {"device": content},
            ("pymodel", "spice", "devices"),
            self._make_curve,
        )

    def _make_curve(self, report: Report) -> list[Path]:
        def progress(done: int, total: int) -> None:
            report(done, total, "samples")

        curve = view(self.plan, "curve")(self.plan, progress=progress)
        bit_failure_rates(self.plan, curve)  # refuses a pulse that the curve does not cover
        path = self.out / CURVE_FILE
        if curve.digest == law_curve(PAPER_LAW).digest:
            path.unlink(missing_ok=True)
            return []
        return [curve.save(path)]

    def _write(self, name: str, values: dict[str, Any]) -> Path:
        return write_json(self.out / f"{name}.json", values)

    def run(self, begin: Begin) -> dict[str, Any]:
        """Do all steps and write the page; returns what `demo.json` holds."""
        if self.data is not None:
            search_folders(self.data)  # refuses what is no folder, before anything is written
        for number, step in enumerate(self.steps(), 1):
            outcome = do(step, self.out, begin(number, STEPS, step.title))
            if outcome.outcome == "missing":
                self._forget(step.name)
            self.outcomes.append(outcome)
            if step.name == "curve":
                self._begin_folder()
        begin(STEPS, STEPS, "Page")
        return self._finish()

    def _begin_folder(self) -> None:
        """Write what needs no work, now that the plan and its device are known to be in order."""
        longest = max(40_000.0, float(self.plan.bit_pulse_ps.max()))
        law_curve(PAPER_LAW, longest).save(self.out / LAW_FILE)
        write_json(self.out / "plan.json", self.plan.to_dict())

    def _forget(self, name: str) -> None:
        """Remove what an earlier run of a step left that cannot be done now: it may be outdated."""
        names = {"curve": CURVE_FILE, "rtl": None}.get(name, f"{name}.json")
        if names is not None:
            (self.out / names).unlink(missing_ok=True)

    def _finish(self) -> dict[str, Any]:
        from nvmcosim.report import load_results, render_page

        training = self.out / "training.json"
        figures = demo_figures(
            self.plan, self.curve(), read_json(training) if training.is_file() else None
        )
        self._write(
            "figures", {"demo": True, "plan_digest": self.plan.digest(), "figures": figures}
        )
        page = self.out / "index.html"
        missing = list(dict.fromkeys(o.missing for o in self.outcomes if o.missing))
        summary = {
            "plan_digest": self.plan.digest(),
            "plan": self.plan.to_dict(),
            "curve_digest": self.curve().digest,
            "steps": [outcome.to_dict() for outcome in self.outcomes],
            "missing": missing,
            "figures": figures,
            "views": view_lines(self.plan, self.curve(), self.out),
            "page": str(page),
            "provenance": provenance(self.plan.seed, plan=self.plan.to_dict()),
        }
        self._write("demo", summary)
        results = load_results(self.out)
        results.missing += missing
        write_text(page, render_page(results))
        return summary


#: Steps of a run, the page among them.
STEPS = 8


def run_demo(
    plan: Plan,
    out: Path,
    begin: Begin,
    *,
    data: str | None = None,
    size: TrainingSize | None = None,
) -> dict[str, Any]:
    """The whole flow for `plan`, its files in `out`; returns what `demo.json` holds.

    Steps whose files are there and whose inputs did not change are taken from `out`. A tool that
    is missing costs its step alone. Raises `InputError` if the plan is of another kind.
    """
    if not isinstance(plan, StorePlan):
        raise InputError(f"kind is {plan.kind!r}; the demo runs plans of kind 'store'")
    if plan.amplitudes != (None,):
        raise InputError(
            f"the domains' amplitudes are {plan.amplitudes}; the demo sets the device beside a "
            "law, which has one amplitude: leave amplitude_v out"
        )
    return Demo(plan, out, data, size or TrainingSize()).run(begin)
