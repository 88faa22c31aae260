"""The paper's figures that the demo itself reaches, each beside the demo's own."""

from collections.abc import Iterator, Mapping
from typing import Any

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.studies.figures import Figure, judge_number, judge_rule

__all__ = ["demo_figures"]

#: ono2021, Section V-A: the error rate "is 0.004% when it is set to 15ns".
_RATE_15NS = "0.004"
#: A loss counts as one if it is above this many points, as in the study.
LOSS_POINTS = 0.5
#: ono2021, Table III, MP: accuracy constraint in points, BSP at T_R = 0, and its saving in percent.
_TABLE_3_MP = ((0.5, 6, "37.5"), (2.5, 7, "43.75"))


def demo_figures(
    plan: StorePlan, curve: WriteCurve, training: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Figure rows, as `study` has them, from the demo's curve and training (None: not trained)."""
    rows = list(_rates(curve))
    for constraint, bsp, saving in _TABLE_3_MP:
        found: list[Figure] = []
        # The paper's BSPs are of bf16; another format's points are not theirs.
        if training is not None and plan.format == "bf16":
            for column in training["columns"]:
                found += _table_3(column, training, constraint, bsp, saving)
        if not found:
            why = (
                "nothing was trained" if training is None else "no point of this run is the paper's"
            )
            name, title = (
                f"table3/mp/{constraint:g}/saving",
                f"Table III: saving, MP, BSP {bsp}, T_R 0",
            )
            found = [Figure(name, title, float(saving), None, "%", "not-run", why)]
        rows += found
    if training is not None and plan.format == "bf16":
        for column in training["columns"]:
            rows += _figure_6(column, training)
    return [row.to_dict() for row in rows]


def _rates(curve: WriteCurve) -> Iterator[Figure]:
    """Fig. 5's printed point, on both readings of the paper and on the device."""
    law = law_curve("ono2021")
    yield Figure(
        f"fig5/15ns/{law.device}",
        "Fig. 5: error rate at 15 ns, T_th ~ N(8 ns, 3 ns)",
        float(_RATE_15NS),
        _percent_at_15ns(law),
        "%",
        "contradicted",
        "the paper's own law does not give the rate that it prints",
    )
    other = law_curve("ono2021-15ns")
    title = "Fig. 5: error rate at 15 ns, deviation 1.775 ns"
    yield judge_number(f"fig5/15ns/{other.device}", title, _RATE_15NS, _percent_at_15ns(other), "%")
    if curve.digest != law.digest and curve.pulse_ps[-1] >= 15_000:
        yield judge_number(
            f"fig5/15ns/{curve.device}",
            f"Fig. 5: error rate at 15 ns, {curve.device}",
            _RATE_15NS,
            _percent_at_15ns(curve),
            "%",
            "the paper gives no parameters of its junction; this is the device of the plan",
        )


def _figure_6(column: Mapping[str, Any], training: Mapping[str, Any]) -> Iterator[Figure]:
    """Where the demo's points lose accuracy, beside what Section VI-A says of Fig. 6a."""
    # With torch, which only a demo that trained has.
    from nvmcosim.studies.ono2021.printed import TRENDS

    base = column["baseline"]["accuracy"]
    for trend in TRENDS["mp"]:
        for t_r in trend.t_r_ns:
            points = [p for p in column["points"] if p["short_ps"] == 1000 * t_r]
            if not points:
                continue
            lost = {p["bsp"]: 100 * (base - p["accuracy"]) for p in points}
            losing = [str(bsp) for bsp in sorted(lost) if lost[bsp] > LOSS_POINTS]
            trained = ", ".join(str(bsp) for bsp in sorted(lost))
            yield Figure(
                f"fig6a/loses/tr{t_r}/{column['device']}",
                f"Fig. 6a: BSPs that lose accuracy at T_R {t_r} ns, {column['device']}",
                ", ".join(str(bsp) for bsp in trend.bsps) or "none",
                ", ".join(losing) or "none",
                "BSP",
                "not-run",
                f"not the paper's size: {_size(training)}; of the BSPs {trained} that were "
                f"trained, a loss counts above {LOSS_POINTS:g} points",
            )


def _percent_at_15ns(curve: WriteCurve) -> float:
    return 100 * float(curve.failure_rate(15_000))


def _table_3(
    column: Mapping[str, Any],
    training: Mapping[str, Any],
    constraint: float,
    bsp: int,
    saving: str,
) -> Iterator[Figure]:
    """Energy saved and accuracy lost at one of Table III's settings; nothing if not trained."""
    point = next((p for p in column["points"] if (p["bsp"], p["short_ps"]) == (bsp, 0)), None)
    if point is None:
        return
    name, where = f"table3/mp/{constraint:g}", f"MP, BSP {bsp}, T_R 0, {column['device']}"
    yield judge_number(
        f"{name}/saving/{column['device']}",
        f"Table III: write energy saved, {where}",
        saving,
        100 * point["saved"],
        "%",
        "the options of this plan (rewrites, retries) are not the paper's",
    )
    base = column["baseline"]["accuracy"]
    lost = 100 * (base - point["accuracy"])
    # A network that does not train with every bit in full has nothing to lose.
    best = max(other["baseline"]["accuracy"] for other in training["columns"])
    sound = 100 * (best - base) < constraint
    yield judge_rule(
        f"{name}/loss/{column['device']}",
        f"Table III: accuracy lost, {where}",
        f"< {constraint:g}",
        lost,
        "points",
        sound and lost < constraint,
        f"at demo size: {_size(training)}"
        if sound
        else f"with every bit in full this device already loses {100 * (best - base):.3g} points",
    )


def _size(training: Mapping[str, Any]) -> str:
    size = f"{training['epochs']} of {training['paper_epochs']} epochs, one seed"
    if training["train_size"] != training["full_size"]:
        size += f", {training['train_size']:,} of {training['full_size']:,} images"
    return size
