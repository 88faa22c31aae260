"""Rows of ono2021 on one network's runs beyond Fig. 6: toggling, power loss, what is not stated."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nvmcosim.studies.figures import Figure, Verdict
from nvmcosim.studies.ono2021.accuracy import NetworkRuns, last_accuracy, reason_for
from nvmcosim.studies.ono2021.energy import total_saving
from nvmcosim.studies.ono2021.sweep import ALL_SETTINGS, BASELINE, Setting, Sweep
from nvmcosim.studies.score import Score
from nvmcosim.studies.training_cells import TrainingCell

__all__ = ["ExtraRuns", "extra_cells", "extra_figures"]

#: The setting that is toggled: the one that saves most.
TOGGLED = Setting(7, 0)
#: The setting that loses its power: Table III's for the perceptron under 0.5%.
POWER_LOST = Setting(6, 0)
#: Variants of what the paper leaves open, and the settings that they are trained at.
VARIANTS: dict[str, dict[str, Any]] = {
    "SGD at 0.1": {"optimizer": "sgd", "learning_rate": 0.1},
    "memory starts at the initial weights": {"initial": "weights"},
}
VARIANT_SETTINGS = (BASELINE, Setting(6, 0), Setting(7, 0))

#: Training results by name, then by seed.
ExtraRuns = Mapping[str, Mapping[int, Mapping[str, Any]]]


def _toggles(epochs: int) -> dict[str, tuple[int, ...]]:
    """Patterns: the epochs whose store writes every bit in full."""
    return {
        "every other epoch": tuple(range(2, epochs + 1, 2)),
        "the last quarter": tuple(range(epochs - max(1, epochs // 4) + 1, epochs + 1)),
        "the last epoch": (epochs,),
    }


def extra_cells(sweep: Sweep) -> dict[tuple[str, int], TrainingCell]:
    """All further runs of `sweep`'s network, by name and seed."""
    cells = {}
    for seed in sweep.seeds:
        for name, full in _toggles(sweep.epochs).items():
            cells[f"toggle/{name}", seed] = sweep.cell(TOGGLED, seed, full_epochs=full)
        if sweep.epochs >= 2:
            halfway = (sweep.epochs // 2 + 1,)
            cells["power", seed] = sweep.cell(POWER_LOST, seed, power_lost=halfway)
        for name, changes in VARIANTS.items():
            variant = replace(sweep, **changes)
            for setting in VARIANT_SETTINGS:
                cells[f"variant/{name}/{setting.label}", seed] = variant.cell(setting, seed)
    return cells


def extra_figures(runs: NetworkRuns, extras: ExtraRuns) -> list[Figure]:
    """VI-B's toggling, IV-A's power loss, and how accuracy hangs on what is not stated."""
    return [_toggling(runs, extras), _power(runs, extras), _variants(runs, extras)]


def _score(extras: ExtraRuns, name: str) -> Score | None:
    runs = extras.get(name)
    return Score.of([last_accuracy(run) for run in runs.values()]) if runs else None


def _toggling(runs: NetworkRuns, extras: ExtraRuns) -> Figure:
    base = runs.accuracy(BASELINE)
    points = []
    for name, by_seed in extras.items():
        if name.startswith("toggle/") and by_seed:
            # The accuracy that counts is that of the weights left in memory at the end.
            final = [100 * run["history"][-1]["test_accuracy"] for run in by_seed.values()]
            energy = [run["ledger"]["relative_energy"] for run in by_seed.values()]
            points.append(
                {
                    "full_epochs": name.removeprefix("toggle/"),
                    "accuracy_percent": Score.of(final).mean,
                    "saving_percent": 100 * (1 - sum(energy) / len(energy)),
                }
            )
    steady = [s for s in ALL_SETTINGS[1:] if (loss := runs.loss(s)) and loss.mean < 0.5]
    best = max((total_saving(s) for s in steady), default=0.0)
    kept = [p for p in points if base and base.mean - p["accuracy_percent"] < 0.5]
    toggled = max((p["saving_percent"] for p in kept), default=0.0)
    complete = bool(points) and any(runs.loss(s) for s in ALL_SETTINGS[1:])
    verdict: Verdict = "reproduced" if toggled <= best else "differs"
    said = (
        f"BSP {TOGGLED.bsp}, T_R {TOGGLED.t_r_ns} ns with full stores in some epochs saves at most "
        f"{toggled:.3g}% for a loss below 0.5 points; never toggled, "
        + (f"{best:.4g}%" if steady else "no trained setting keeps that")
    )
    return Figure(
        "text-vi-b/toggle",
        "Toggling the approximation by epochs “did not lead to improvements in the write energy”",
        "no improvement",
        ("no improvement" if toggled <= best else "an improvement") if complete else None,
        "",
        verdict if complete and not runs.reduced else "not-run",
        reason_for(runs, said if complete else "not trained"),
        points=points,
    )


def _power(runs: NetworkRuns, extras: ExtraRuns) -> Figure:
    lost, kept = extras.get("power", {}), runs.runs.get(POWER_LOST, {})
    shared = sorted(set(lost) & set(kept))
    if not shared:
        loss = None
    else:
        loss = Score.of([last_accuracy(kept[s]) - last_accuracy(lost[s]) for s in shared])
    holds = loss is not None and loss.mean <= max(0.5, 2 * (loss.spread or 0.0))
    verdict: Verdict = "reproduced" if holds else "differs"
    points = [
        {"run": name, "epoch": entry["epoch"], "accuracy_percent": 100 * entry["test_accuracy"]}
        for name, by_seed in (("power lost", lost), ("never lost", kept))
        for seed in shared[:1]
        for entry in by_seed[seed]["history"]
    ]
    said = (
        f"power fails in the middle of an epoch at BSP {POWER_LOST.bsp}, T_R {POWER_LOST.t_r_ns} "
        "ns; weights come back from the memory alone, the optimizer starts anew, the epoch is "
        "repeated; resumed means at most 0.5 points lost"
    )
    return Figure(
        "text-iv-a/power",
        "Accuracy lost by a power failure in mid-training, resumed from the memory alone (IV-A)",
        "resumes",
        loss.mean if loss else None,
        "points",
        "not-run" if loss is None or runs.reduced else verdict,
        reason_for(runs, said),
        loss.spread if loss else None,
        loss.n if loss else None,
        points,
    )


def _variants(runs: NetworkRuns, extras: ExtraRuns) -> Figure:
    points = []
    for name in VARIANTS:
        for setting in VARIANT_SETTINGS:
            score = _score(extras, f"variant/{name}/{setting.label}")
            if score:
                points.append(_variant_point(name, setting, score))
    for setting in VARIANT_SETTINGS:
        score = runs.accuracy(setting)
        if score:
            points.append(_variant_point("as studied", setting, score))
    accuracy = {(p["variant"], p["bsp"]): p["accuracy_percent"] for p in points}
    losses = {
        name: accuracy[name, 0] - accuracy[name, 7]
        for name, bsp in accuracy
        if bsp == 7 and (name, 0) in accuracy
    }
    said = ", ".join(f"{name}: {loss:.2f}" for name, loss in losses.items())
    return Figure(
        "text-v-b/optimizer",
        "Optimizer, learning rate and first content of the memory, which the paper does not state",
        None,
        f"points lost at BSP 7, T_R 0 ns: {said}" if said else None,
        "",
        "not-run",
        reason_for(runs, "not stated, so there is nothing to compare with"),
        points=points,
    )


def _variant_point(name: str, setting: Setting, score: Score) -> dict[str, Any]:
    return {
        "variant": name,
        "bsp": setting.bsp,
        "t_r_ns": setting.t_r_ns,
        "accuracy_percent": score.mean,
        "spread": score.spread,
        "n": score.n,
    }
