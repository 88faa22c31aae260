"""Fig. 3, 4 and 9: what the bits of weights are, and how often their groups flip."""

import math
from typing import Any

from nvmcosim.networks import NETWORKS
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ho2021.approaches import APPROACHES, APPWOM, READINGS
from nvmcosim.studies.ho2021.printed import FEWER_FLIPS, TABLE_1
from nvmcosim.studies.ho2021.rules import TOLERANCE_POINTS, row, shortfalls
from nvmcosim.studies.ho2021.runs import Runs, saved

__all__ = ["bit_figures", "bit_name", "group_flips", "group_names"]

#: The network of Fig. 3, 4 and 9.
_PRINTED = "densenet-bc"
#: Bits are balanced within so many points of half ones, and groups flip often or barely by this
#: ratio: set before any run.
_BALANCED, _OFTEN = 5.0, 10.0


def bit_name(bit: int) -> str:
    """Bit 31 to 0 of a fp32 word as the paper names it: S, E1 to E8, M1 to M23."""
    if bit == 31:
        return "S"
    return f"E{31 - bit}" if bit >= 23 else f"M{23 - bit}"


def group_names(plan: LinePlan) -> list[str]:
    """The groups of a fp32 word as Fig. 4 names them."""
    return [f"{bit_name(g.important)}+{bit_name(g.other)}" for g in plan.groups]


def group_flips(report: dict[str, Any], plan: LinePlan) -> list[float]:
    """Flips of each group of a word, a write."""
    cells = len(report["flips"]) // len(plan.groups)
    starts = range(0, len(report["flips"]), cells)
    return [sum(report["flips"][n : n + cells]) for n in starts]


def bit_figures(runs: Runs) -> list[Figure]:
    """Every row of Fig. 3, 4 and 9, for each network that was trained."""
    rows = []
    for network in TABLE_1:
        rows += [_figure_3(runs, network), _figure_4(runs, network), _figure_9(runs, network)]
    return rows


def _watched_by(runs: Runs, network: str) -> str:
    """The kind of run that the readings watch: a large network's exact one."""
    return "readings" if runs.iterations(network, ["readings"]) else "exact"


def _shorter(runs: Runs, network: str) -> str:
    """How far that run is from Table I, if it is shorter than the network's own; in brackets."""
    short = runs.reduced(network, [_watched_by(runs, network)])
    return f" ({short})" if short and short != runs.reduced(network) else ""


def _said(network: str) -> str:
    return "" if network == _PRINTED else "the paper prints DenseNet-BC's alone"


def _judged(runs: Runs, network: str, holds: bool, *memories: tuple[str, LinePlan]) -> bool | None:
    return holds if network == _PRINTED and runs.decided(network, *memories) else None


def _figure_3(runs: Runs, network: str) -> Figure:
    plan = APPROACHES["basic"]
    report = runs.report(network, "exact", plan)
    ours, holds, points = None, False, []
    if report:
        ones = [100 * share for share in report["ones"]]
        points = [{"bit": bit_name(bit), "ones_percent": ones[bit]} for bit in range(31, -1, -1)]
        low = [abs(share - 50) for share in ones[:11]]
        high = [abs(share - 50) for share in ones[23:31]]
        ours = f"M13 to M23 within {max(low):.1f} of 50%, E1 to E8 up to {max(high):.0f} from it"
        holds = max(low) <= _BALANCED < max(high) and abs(ones[31] - 50) <= 2 * _BALANCED
    return row(
        f"fig3/{network}",
        f"Ones by bit of {NETWORKS[network].title}'s weights (Fig. 3)",
        "low bits balanced, high bits but the sign uneven" if network == _PRINTED else None,
        ours,
        "%",
        _judged(runs, network, holds, ("exact", APPROACHES["wom-set"])),
        (shortfalls(runs, [network]), _said(network), f"balanced: within {_BALANCED:g} points"),
        points=points,
    )


def _figure_4(runs: Runs, network: str) -> Figure:
    plan = APPROACHES["wom-set"]
    report = runs.report(network, "exact", plan)
    ours, holds, points = None, False, []
    if report:
        flips = group_flips(report, plan)
        points = [
            {"group": name, "flips": value}
            for name, value in zip(group_names(plan), flips, strict=True)
        ]
        ours = _over_quietest(flips)
        holds = ours >= _OFTEN
    return row(
        f"fig4/{network}",
        f"Flips of M22+M23 over those of the exponent's quietest group, {NETWORKS[network].title} "
        "in WOM (Fig. 4)",
        "barely, and frequently" if network == _PRINTED else None,
        ours,
        "times",
        _judged(runs, network, holds, ("exact", plan)),
        (
            shortfalls(runs, [network]),
            _said(network),
            f"frequently: {_OFTEN:g} times as often",
            _by_group(runs, network),
        ),
        points=points,
    )


def _over_quietest(flips: list[float]) -> float:
    """How often the last group flips, over the quietest of E2+E3 to E6+E7."""
    return flips[-1] / min(flips[1:4]) if min(flips[1:4]) else math.inf


def _by_group(runs: Runs, network: str) -> str:
    """What Fig. 4 is if each group is refreshed alone."""
    plan = READINGS["group"][1]
    report = runs.report(network, _watched_by(runs, network), plan)
    if report is None:
        return ""
    times = _over_quietest(group_flips(report, plan))
    return (
        "a PreSET of the line flips its quiet groups too; with each group refreshed alone it is "
        f"{times:.0f} times{_shorter(runs, network)}"
    )


def _figure_9(runs: Runs, network: str) -> Figure:
    wom, ours, points, reading = APPROACHES["wom-set"], None, [], ""
    kind = _watched_by(runs, network)
    before, after = runs.report(network, "exact", wom), runs.report(network, "appwom", APPWOM)
    if before and after:
        ours = saved(sum(after["flips"]), sum(before["flips"]))
        values = zip(
            group_names(wom),
            group_names(APPWOM),
            group_flips(before, wom),
            group_flips(after, APPWOM),
            strict=True,
        )
        points = [
            {"wom_group": a, "appwom_group": b, "wom_flips": x, "appwom_flips": y}
            for a, b, x, y in values
        ]
        for plan, name in zip(READINGS["group"][:2], ("appwom", "wom"), strict=True):
            alone = runs.report(network, kind, plan)
            for point, flips in zip(
                points, group_flips(alone, plan) if alone else (), strict=False
            ):
                point[f"{name}_alone_flips"] = flips
        word, line = (runs.report(network, kind, p) for p in READINGS["word-line"][:2])
        if word and line:
            fewer = saved(sum(word["flips"]), sum(line["flips"]))
            reading = (
                f"a line turned over flips all 48 cells of its 16 words once; turned word by word, "
                f"AppWOM saves {fewer:.1f}%{_shorter(runs, network)}"
            )
    holds = ours is not None and abs(ours - FEWER_FLIPS) <= TOLERANCE_POINTS
    return row(
        f"fig9/{network}",
        f"Flips that AppWOM saves against WOM, {NETWORKS[network].title} (Fig. 9, up to)",
        FEWER_FLIPS if network == _PRINTED else None,
        ours,
        "%",
        _judged(runs, network, holds, ("exact", wom), ("appwom", APPWOM)),
        (shortfalls(runs, [network]), _said(network), reading),
        points=points,
    )
