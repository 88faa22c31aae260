"""Rows of ono2021 that come from training: Fig. 6, Fig. 7 and Table III's choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nvmcosim.networks import NETWORKS
from nvmcosim.studies.figures import Figure, Verdict
from nvmcosim.studies.ono2021.energy import total_saving
from nvmcosim.studies.ono2021.printed import CONSTRAINTS, TABLE_3, TRENDS
from nvmcosim.studies.ono2021.sweep import ALL_SETTINGS, BASELINE, Setting
from nvmcosim.studies.score import Score

__all__ = ["LAST_EPOCHS", "NetworkRuns", "accuracy_figures", "last_accuracy", "reason_for"]

#: A run's accuracy is the mean of its last epochs, as one epoch's moves by tenths of a point.
LAST_EPOCHS = 5
#: A loss counts as one if it is above this many points and above twice its spread.
_LOSS_POINTS = 0.5
#: A run has converged if its last ten epochs move by less than this deviation, in points.
_STEADY_POINTS = 1.0
#: Letters of the subfigures of Fig. 6 and Fig. 7.
_LETTERS = {"mp": "a", "cnn": "b", "mn": "c"}


@dataclass(frozen=True)
class NetworkRuns:
    """What was trained of one network.

    Fields:
        network: its name.
        runs: training results (`nvmcosim.training.train`) by setting, then by seed; only those
            that are done.
        reduced: how the runs fall short of the paper's size, as words; empty if they do not.
    """

    network: str
    runs: Mapping[Setting, Mapping[int, Mapping[str, Any]]]
    reduced: str = ""

    def accuracy(self, setting: Setting) -> Score | None:
        """Test accuracy in percent; None if the setting was not trained."""
        runs = self.runs.get(setting)
        return Score.of([last_accuracy(run) for run in runs.values()]) if runs else None

    def loss(self, setting: Setting) -> Score | None:
        """Points of accuracy lost against no approximation, over the seeds that both have."""
        runs, base = self.runs.get(setting, {}), self.runs.get(BASELINE, {})
        shared = sorted(set(runs) & set(base))
        if not shared:
            return None
        return Score.of([last_accuracy(base[seed]) - last_accuracy(runs[seed]) for seed in shared])

    def drops(self, setting: Setting) -> bool | None:
        """Whether the setting loses accuracy; None if it was not trained."""
        loss = self.loss(setting)
        if loss is None:
            return None
        return loss.mean > max(_LOSS_POINTS, 2 * (loss.spread or 0.0))

    def curve(self, setting: Setting) -> list[Score]:
        """Test accuracy in percent by epoch."""
        runs = self.runs.get(setting, {})
        histories = [[100 * e["test_accuracy"] for e in run["history"]] for run in runs.values()]
        return [Score.of(values) for values in zip(*histories, strict=True)]


def last_accuracy(run: Mapping[str, Any]) -> float:
    """A run's accuracy in percent: the mean test accuracy of its last epochs."""
    return 100 * float(np.mean([e["test_accuracy"] for e in run["history"][-LAST_EPOCHS:]]))


def accuracy_figures(runs: NetworkRuns) -> list[Figure]:
    """All rows of one network: Fig. 6, Fig. 7 and Table III."""
    return [*_trends(runs), *_figure_7(runs), *_table_3(runs)]


def _verdict(runs: NetworkRuns, holds: bool | None) -> Verdict:
    if holds is None or runs.reduced:
        return "not-run"
    return "reproduced" if holds else "differs"


def reason_for(runs: NetworkRuns, said: str = "") -> str:
    """A row's reason: why runs are reduced or not there at all, then what is `said` of them."""
    if runs.reduced and not runs.runs:
        return runs.reduced
    return "; ".join(part for part in (runs.reduced, said) if part)


def _figure_6(runs: NetworkRuns, t_r: int) -> list[dict[str, Any]]:
    """One series of the subfigure as points, from no approximation (BSP 0) on."""
    points = []
    for setting in (BASELINE, *(s for s in ALL_SETTINGS[1:] if s.t_r_ns == t_r)):
        score = runs.accuracy(setting)
        if score is not None:
            points.append(
                {
                    "bsp": setting.bsp,
                    "t_r_ns": setting.t_r_ns,
                    "accuracy_percent": score.mean,
                    "spread": score.spread,
                    "n": score.n,
                }
            )
    return points


def _trends(runs: NetworkRuns) -> list[Figure]:
    rows = []
    for trend in TRENDS[runs.network]:
        for t_r in trend.t_r_ns:
            losing = {bsp: runs.drops(Setting(bsp, t_r)) for bsp in range(1, 8)}
            known = {bsp: lost for bsp, lost in losing.items() if lost is not None}
            ours = [bsp for bsp, lost in known.items() if lost]
            holds = ours == list(trend.bsps) if len(known) == len(losing) else None
            missing = [str(bsp) for bsp in losing if bsp not in known]
            untrained = f"BSP {', '.join(missing)} not trained" if missing else ""
            rows.append(
                Figure(
                    f"fig6{_LETTERS[runs.network]}/loses/tr{t_r}",
                    f"{NETWORKS[runs.network].title}: BSPs that lose accuracy at T_R {t_r} ns",
                    ", ".join(map(str, trend.bsps)) or "none",
                    ", ".join(map(str, ours)) or ("none" if known else None),
                    "BSP",
                    _verdict(runs, holds),
                    reason_for(runs, untrained or _loss_text(runs, trend.bsps, t_r)),
                    n=min((len(runs.runs.get(Setting(bsp, t_r), ())) for bsp in known), default=0),
                    points=_figure_6(runs, t_r),
                )
            )
    return rows


def _loss_text(runs: NetworkRuns, bsps: Sequence[int], t_r: int) -> str:
    losses = [(bsp, runs.loss(Setting(bsp, t_r))) for bsp in bsps or (7,)]
    listed = ", ".join(f"{loss} points at BSP {bsp}" for bsp, loss in losses if loss)
    said = f"we lose {listed}; a loss counts above {_LOSS_POINTS} points and twice its spread"
    if runs.network == "mp":
        said += "; what the paper leaves open moves this, see text-v-b/optimizer"
    return said


def _figure_7(runs: NetworkRuns) -> list[Figure]:
    letter, title = _LETTERS[runs.network], NETWORKS[runs.network].title
    points = [
        {
            "bsp": setting.bsp,
            "t_r_ns": setting.t_r_ns,
            "epoch": epoch,
            "accuracy_percent": score.mean,
            "spread": score.spread,
        }
        for setting in ALL_SETTINGS
        for epoch, score in enumerate(runs.curve(setting), 1)
    ]
    # Of MobileNetV2 the paper says so of the original alone, of the others of every setting.
    judged = [BASELINE] if runs.network == "mn" else list(ALL_SETTINGS)
    moves = {s: moved for s in judged if (moved := _movement(runs, s)) is not None}
    most = max(moves, key=lambda setting: moves[setting], default=BASELINE)
    rows = [
        Figure(
            f"fig7{letter}/converges",
            f"{title}: accuracy converges"
            + (" with no approximation" if runs.network == "mn" else ", whatever the setting"),
            "converges",
            f"last epochs move by at most {moves[most]:.2f} points, at {_name(most)}"
            if moves
            else None,
            "",
            _verdict(runs, moves[most] < _STEADY_POINTS if moves else None),
            reason_for(runs, _steady_rule() if moves else "not trained"),
            points=points,
        )
    ]
    if runs.network == "mn":
        rows += [_unsteady(runs, Setting(4, t_r)) for t_r in (0, 5)]
    return rows


def _unsteady(runs: NetworkRuns, setting: Setting) -> Figure:
    moves = _movement(runs, setting)
    return Figure(
        f"fig7c/unsteady/tr{setting.t_r_ns}",
        f"MobileNetV2 (MN), BSP 4 at T_R {setting.t_r_ns} ns: “moves up and down and does not "
        "converge”",
        "does not converge",
        None if moves is None else f"last epochs move by {moves:.2f} points",
        "",
        _verdict(runs, None if moves is None else moves >= _STEADY_POINTS),
        reason_for(runs, "not trained" if moves is None else _steady_rule()),
    )


def _steady_rule() -> str:
    return f"converged means a deviation below {_STEADY_POINTS:g} point over the last ten epochs"


def _movement(runs: NetworkRuns, setting: Setting) -> float | None:
    curve = runs.curve(setting)
    return float(np.std([score.mean for score in curve[-10:]])) if curve else None


def _table_3(runs: NetworkRuns) -> list[Figure]:
    rows = []
    title = NETWORKS[runs.network].title
    for constraint, setting in zip(CONSTRAINTS, TABLE_3[runs.network], strict=True):
        loss = runs.loss(setting)
        rows.append(
            Figure(
                f"table3/{runs.network}/{constraint}/loss",
                f"{title}: accuracy lost at BSP {setting.bsp}, T_R {setting.t_r_ns} ns",
                f"< {constraint}",
                loss.mean if loss else None,
                "points",
                _verdict(runs, loss.mean < float(constraint) if loss else None),
                reason_for(runs, "" if loss else "not trained")
                or f"the least energy for a loss below {constraint}% according to Table III",
                loss.spread if loss else None,
                loss.n if loss else None,
            )
        )
        rows.append(_choice(runs, constraint, setting))
    return rows


def _choice(runs: NetworkRuns, constraint: str, published: Setting) -> Figure:
    """The setting of least energy that our accuracies allow, beside the paper's."""
    losses = {s: runs.loss(s) for s in ALL_SETTINGS[1:]}
    allowed = [s for s, loss in losses.items() if loss and loss.mean < float(constraint)]
    best = max(allowed, key=total_saving, default=None)
    # A setting that was not trained could still be better.
    open_ones = [
        s for s, loss in losses.items() if loss is None and total_saving(s) > _saving_of(best)
    ]
    if open_ones and best is None and any(losses.values()):
        said = f"no trained setting keeps the constraint, and {len(open_ones)} were not trained"
    elif open_ones:
        said = f"{len(open_ones)} settings that would save more were not trained"
    elif best is None:
        said = "no setting keeps the constraint"
    else:
        said = f"ours saves {total_saving(best):g}%, the paper's {total_saving(published):g}%"
    return Figure(
        f"table3/{runs.network}/{constraint}/choice",
        f"{NETWORKS[runs.network].title}: setting of least energy for a loss below {constraint}%",
        _name(published),
        _name(best) if best and any(losses.values()) else None,
        "",
        _verdict(runs, None if open_ones else best == published),
        reason_for(runs, said),
    )


def _saving_of(setting: Setting | None) -> float:
    return total_saving(setting) if setting else -1.0


def _name(setting: Setting) -> str:
    if setting == BASELINE:
        return "no approximation"
    return f"BSP {setting.bsp}, T_R {setting.t_r_ns} ns"
