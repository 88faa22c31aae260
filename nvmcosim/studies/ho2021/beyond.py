"""What the paper does not have: readings of its policy, other writes, bf16, wear-levellers."""

from typing import Any

from nvmcosim.pymodel.line_report import LEVELLERS
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ho2021.approaches import APPROACHES, APPWOM, BF16, READINGS, TITLES
from nvmcosim.studies.ho2021.costs import energy_pj, savings
from nvmcosim.studies.ho2021.printed import SAVINGS
from nvmcosim.studies.ho2021.rules import row, shortfalls
from nvmcosim.studies.ho2021.runs import Runs, saved

__all__ = ["beyond_figures"]

_NETWORK = "lenet"
_PRINTED = " / ".join(f"{percent}" for percent in SAVINGS.values())


def beyond_figures(runs: Runs) -> list[Figure]:
    """Every row beyond the paper's figures."""
    return [
        *(_reading(runs, name, "exact") for name in READINGS),
        *(_reading(runs, name, "plain") for name in ("studied", "word-line")),
        *(_other_write(runs, name) for name in ("dcw", "flip-n-write")),
        _levellers(runs),
        _ignored(runs),
        _bf16(runs),
    ]


def _reading(runs: Runs, name: str, kind: str) -> Figure:
    ours, wom, words = READINGS[name]
    against = {**{n: APPROACHES[n] for n in SAVINGS}, "wom-set": wom}
    found = {n: savings(runs, _NETWORK, ours, plan, kind) for n, plan in against.items()}
    values = [value for value in found.values() if value is not None]
    mine = runs.report(_NETWORK, kind, ours)
    said, points = [], []
    if mine:
        before = runs.report(_NETWORK, kind, APPROACHES["prereset"])
        slow = before["place_ns"] if before else 0
        said.append(f"{energy_pj(mine):.0f} pJ and {sum(mine['flips']):.1f} flips a word and write")
        if slow:
            said.append(f"{saved(mine['place_ns'], slow):.1f}% of PreRESET's latency saved")
        points = [{"against": n, "percent": v, "paper": SAVINGS[n]} for n, v in found.items()]
    solver = "" if kind == "exact" else ", plain gradient descent"
    return row(
        f"readings/{name}{'' if kind == 'exact' else '-plain'}",
        f"Energy saved against PreSET / PreRESET / WOM-SET on LeNet if {words}{solver}",
        _PRINTED,
        " / ".join(f"{value:.1f}" for value in values) if len(values) == len(against) else None,
        "%",
        None,
        (
            "a reading of what the paper leaves open; none is chosen by its result",
            *said,
            shortfalls(runs, [_NETWORK]),
        ),
        points=points,
    )


def _other_write(runs: Runs, name: str) -> Figure:
    said, points, ours = [], [], None
    for network in runs.networks:
        mine = runs.report(network, "appwom", APPWOM)
        other = runs.report(network, "exact", APPROACHES[name])
        if not mine or not other:
            continue
        energy = saved(energy_pj(mine), energy_pj(other))
        ours = energy if ours is None else max(ours, energy)
        both = [r["place_ns"] + r["sense_ns"] for r in (mine, other)]
        gains = {
            lev: 100 * (mine["lifetime_writes"][lev] / other["lifetime_writes"][lev] - 1)
            for lev in LEVELLERS
        }
        points.append({"network": network, "percent": energy, "lifetime_percent": gains})
        said.append(
            f"{network}: {energy_pj(mine):.0f} against {energy_pj(other):.0f} pJ a word, latency "
            f"with the read {both[0]:.0f} against {both[1]:.0f} ns, lifetime "
            + ", ".join(f"{lev} {gain:+.0f}%" for lev, gain in gains.items())
        )
    return row(
        f"beyond/{name}",
        f"Write energy that AppWOM saves against {TITLES[name]}, best network",
        None,
        ours,
        "%",
        None,
        ("not in the paper; both read the line first", *said, shortfalls(runs)),
        points=points,
    )


def _levellers(runs: Runs) -> Figure:
    """Lifetime in writes of every weight, by approach and leveller."""
    points: list[dict[str, Any]] = []
    for network in runs.networks:
        reports = {n: runs.report(network, "exact", plan) for n, plan in APPROACHES.items()}
        reports["appwom"] = runs.report(network, "appwom", APPWOM)
        points += [
            {"network": network, "approach": name, **report["lifetime_writes"]}
            for name, report in reports.items()
            if report
        ]
    mine = next((p for p in points if (p["network"], p["approach"]) == (_NETWORK, "appwom")), None)
    said = ""
    if mine:
        said = "AppWOM on LeNet: " + ", ".join(f"{lev} {mine[lev]:.3g}" for lev in LEVELLERS)
    return row(
        "beyond/wear-leveller",
        "Writes of every weight until a cell has flipped 1e8 times, without a leveller, by lines "
        "that move round (Start-Gap), and with ideal levelling",
        None,
        mine["none"] if mine else None,
        "writes",
        None,
        (
            "the paper leaves uneven groups to a general wear leveling approach, without a number",
            said,
            shortfalls(runs),
        ),
        points=points,
    )


def _ignored(runs: Runs) -> Figure:
    points: list[dict[str, Any]] = [
        {"network": n, "ignored": r["ignored"], "cleared": r["cleared"], "turns": r["turns"]}
        for n in runs.networks
        if (r := runs.report(n, "appwom", APPWOM))
    ]
    mine = next((p for p in points if p["network"] == _NETWORK), None)
    return row(
        "beyond/ignored",
        "Unimportant bits of LeNet's weights that a write leaves as they were, of 11",
        None,
        mine["ignored"] if mine else None,
        "bits a word and write",
        None,
        (
            f"refreshes clear another {mine['cleared']:.2f}" if mine else "",
            "a bit with an important bit of 0 has no word in fresh cells",
            shortfalls(runs, [_NETWORK]),
        ),
        points=points,
    )


def _bf16(runs: Runs) -> Figure:
    mine = runs.report(_NETWORK, "bf16-appwom", BF16["appwom"])
    said: list[str] = []
    points: list[dict[str, Any]] = []
    ours = None
    for name, plan in BF16.items():
        other = runs.report(_NETWORK, "bf16", plan)
        if name != "appwom" and mine and other:
            percent = saved(energy_pj(mine), energy_pj(other))
            points.append({"against": name, "percent": percent})
            said.append(f"{TITLES[name]} {percent:.1f}%")
    if points:
        ours = next(p["percent"] for p in points if p["against"] == "preset")
    if mine:
        said.append(
            f"{energy_pj(mine):.0f} pJ a word; 8 groups, of which 3 are AppWOM's: M2+M5 to M4+M7"
        )
    return row(
        "beyond/bf16",
        "Write energy that AppWOM saves on LeNet in bf16, against PreSET",
        None,
        ours,
        "%",
        None,
        ("not in the paper", *said, shortfalls(runs, [_NETWORK])),
        points=points,
    )
