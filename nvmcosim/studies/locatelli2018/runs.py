"""What was trained of locatelli2018's network: recognition and energy by setting."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nvmcosim.devices import curve_for
from nvmcosim.pymodel.bit_curves import bit_energy
from nvmcosim.studies.frame import final_accuracy
from nvmcosim.studies.locatelli2018.sweep import ACCURATE, Setting, plan_for
from nvmcosim.studies.score import Score

__all__ = ["Runs", "saving", "weight_energy_pj"]


@cache
def weight_energy_pj(setting: Setting) -> float:
    """Energy in pJ of writing one weight once, every bit programmed."""
    plan = plan_for(setting)
    return 1e12 * float(bit_energy(plan, curve_for(plan)).sum())


def saving(setting: Setting) -> float:
    """Percent of the write energy saved against quasi-deterministic writes."""
    return 100 * (1 - weight_energy_pj(setting) / weight_energy_pj(ACCURATE))


@dataclass(frozen=True)
class Runs:
    """Training results (`nvmcosim.training.train`) by setting, then by seed; those that are done.

    `reduced` says in words how they fall short of the paper's size; it is empty if they do not.
    """

    done: Mapping[Setting, Mapping[int, Mapping[str, Any]]]
    reduced: str = ""

    def recognition(self, setting: Setting) -> Score | None:
        """Test accuracy in percent after the last presentation; None if not trained."""
        runs = self.done.get(setting)
        return Score.of([final_accuracy(run) for run in runs.values()]) if runs else None

    def loss(self, setting: Setting, against: Setting = ACCURATE) -> Score | None:
        """Points lost against another setting, over the seeds that both have."""
        runs, base = self.done.get(setting, {}), self.done.get(against, {})
        shared = sorted(set(runs) & set(base))
        if not shared:
            return None
        return Score.of([final_accuracy(base[s]) - final_accuracy(runs[s]) for s in shared])

    def overstatement(self, setting: Setting) -> Score | None:
        """Energy of programming every bit over that of programming those that change."""
        runs = self.done.get(setting, {}).values()
        spent = [run["ledger"]["energy_by_rewrite"] for run in runs]
        return Score.of([each["all"] / each["changed"] for each in spent]) if spent else None

    def point(self, setting: Setting) -> dict[str, Any] | None:
        """The setting as a curve's point; None if not trained."""
        score = self.recognition(setting)
        if score is None:
            return None
        values = [final_accuracy(run) for run in self.done[setting].values()]
        return {
            "setting": setting.label,
            "rate": setting.rate,
            "lsbs": setting.lsbs,
            "lsb_rate": setting.lsb_rate if setting.lsbs else None,
            "recognition_percent": score.mean,
            "spread": score.spread,
            "lowest": min(values),
            "highest": max(values),
            "n": score.n,
            "weight_energy_pj": weight_energy_pj(setting),
            "saving_percent": saving(setting),
        }
