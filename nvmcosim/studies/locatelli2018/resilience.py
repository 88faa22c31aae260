"""Fig. 4 of locatelli2018: how many low bits may fail how often."""

from nvmcosim.studies.figures import Figure
from nvmcosim.studies.locatelli2018.rules import RESILIENT_POINTS, judged, points_of
from nvmcosim.studies.locatelli2018.runs import Runs
from nvmcosim.studies.locatelli2018.sweep import FIGURE_4, HSB_RATE, LSB_NUMBERS, Setting

__all__ = ["resilience_figures"]

#: What a reading of the paper without another copy of the weights does, where it is not resilient.
_WHY = (
    ". Weights that are read, changed and written back without another copy lose an update whose "
    "bits fail; see the rows readings/"
)


def resilience_figures(runs: Runs) -> list[Figure]:
    """Every row of Fig. 4."""
    return [*_resilience(runs), _detrimental(runs), *_never_updated(runs)]


def _resilience(runs: Runs) -> list[Figure]:
    rows = []
    for lsbs, rate in ((8, 0.9), (10, 0.7), (12, 0.1)):
        setting = Setting(HSB_RATE, lsbs, rate)
        loss, score = runs.loss(setting), runs.recognition(setting)
        holds = loss.mean <= RESILIENT_POINTS if loss else None
        said = (
            f"resilient means at most {RESILIENT_POINTS:g} point below no errors, as the paper "
            f"says of 96.2%; ours loses {loss} points"
        )
        if holds is False:
            said += _WHY
        rows.append(
            Figure(
                f"fig4/{setting.label}",
                f"Resilient to {100 * rate:g}% errors in {lsbs} LSBs (IV)",
                "resilient",
                score.mean if score else None,
                "%",
                **judged(runs, holds, said, loss, score),
                points=points_of(runs, (Setting(HSB_RATE), *FIGURE_4)) if lsbs == 8 else (),
            )
        )
    return rows


def _detrimental(runs: Runs) -> Figure:
    setting = Setting(HSB_RATE, 14, 0.1)
    loss = runs.loss(setting, Setting(HSB_RATE))
    said = (
        f"detrimental: more than {RESILIENT_POINTS:g} point below 1% for all bits, and than twice "
        "the spread"
    )
    holds = loss.mean > max(RESILIENT_POINTS, 2 * (loss.spread or 0.0)) if loss else None
    return Figure(
        "fig4/14@10",
        "With 14 LSBs more than 1% is immediately detrimental: points lost at 10% (IV)",
        "detrimental",
        loss.mean if loss else None,
        "points",
        **judged(runs, holds, said, loss),
    )


def _never_updated(runs: Runs) -> list[Figure]:
    rows = []
    for lsbs in LSB_NUMBERS:
        never, often = Setting(HSB_RATE, lsbs, 1.0), Setting(HSB_RATE, lsbs, 0.9)
        gain, score = runs.loss(never, often), runs.recognition(never)
        said = f"at 90% ours recognises {gain} points more; the rule: more than twice the spread"
        holds = gain.mean > max(2 * (gain.spread or 0.0), 0.0) if gain else None
        rows.append(
            Figure(
                f"fig4/{never.label}",
                f"{lsbs} LSBs that are never written: a BER of 90% is substantially better (IV)",
                "worse than 90%",
                score.mean if score else None,
                "%",
                **judged(runs, holds, said, gain, score),
            )
        )
    return rows
