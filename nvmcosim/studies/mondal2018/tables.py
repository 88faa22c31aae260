"""Tables IV to VII of mondal2018 beside ours, and Section V's text."""

from collections.abc import Mapping
from typing import Any

from nvmcosim.studies.figures import Figure, judge_rule
from nvmcosim.studies.mondal2018.beyond import beyond_figures
from nvmcosim.studies.mondal2018.networks import TASKS
from nvmcosim.studies.mondal2018.printed import NORMAL_MW
from nvmcosim.studies.mondal2018.rows import accuracy_reason, power_reason, row, total
from nvmcosim.studies.mondal2018.runs import Runs
from nvmcosim.studies.mondal2018.sweep import TABLES, saving

__all__ = ["network_figures"]

#: What follows the table's number in a row's id.
_PLACES = {
    "mnist-1": "",
    "mnist-2": "",
    "sonar-1": "/1-layer",
    "sonar-2": "/2-layer",
    "wine-red": "/red",
    "wine-white": "/white",
    "wine-red-quality": "/red-within-1",
    "wine-white-quality": "/white-within-1",
}
#: Neurons of Table IV's finite streams: what follows the length in a row's id, and words.
_NEURONS = {
    "ideal": ("", "ideal tanh"),
    "paper": ("/fsm", "the paper's FSM neuron, bit for bit"),
    "magnitude": ("/ours", "our neuron of sign and magnitude"),
}
#: A bit of the biased generator, in s.
_BIT_S = 7.82e-9


def network_figures(runs: Runs) -> list[Figure]:
    """All rows of the networks."""
    figures = _normal(runs)
    for name in runs.sweep.tasks:
        figures += _table(runs, name)
    if "mnist-1" in runs.sweep.tasks:
        figures += _finite(runs)
    return [*figures, *beyond_figures(runs)]


def _normal(runs: Runs) -> list[Figure]:
    rows, ours = [], {}
    for name, printed in NORMAL_MW.items():
        if name not in runs.sweep.tasks:
            continue
        base = runs.base(name)
        power = None if base is None else total(base, "normal")
        reason = ""
        if base is not None:
            ours[name] = total(base) / total(base, "normal")
            reason = (
                f"{total(base, 'normal', 'table1'):.4g} mW if scaled to Table I's mean power; "
                f"{base['generators']:,} generators, tanh blocks not counted"
            )
        title = f"{TASKS[name].title}: power as trained, normal generators (V)"
        rows.append(row(runs, f"text-v/{name}/normal", title, printed, power, "mW", reason))
    if ours:
        listed = ", ".join(f"{name} {ratio:.3f}" for name, ratio in ours.items())
        rows.append(
            Figure(
                "text-v/bms-ratio",
                "Power of a network with BMS over that with normal generators (V)",
                "0.770 in all six networks",
                listed,
                "",
                "contradicted",
                "all six printed pairs have one ratio, 0.770, though the generators' powers depend "
                "on the weights, which differ; with small weights, p near a half, both generators "
                "spend the same energy a bit and the biased one is faster, so its power is higher",
            )
        )
    return rows


def _table(runs: Runs, name: str) -> list[Figure]:
    table, printed_rows = TABLES[name]
    base = runs.base(name)
    figures = []
    quality = name.endswith("-quality")
    first = printed_rows[0][1]
    for phi, printed in printed_rows:
        result = runs.at(name, phi)
        place = f"{table}{_PLACES[name]}/{'bms' if phi is None else f'phi{phi:.2f}'}"
        what = "as trained" if phi is None else f"phi_W = {phi:g}"
        title = f"{TASKS[name].title}, {what}"
        accuracy = None if result is None else result["accuracy"]
        reason = "" if result is None else accuracy_reason(result, base)
        figures.append(
            row(runs, f"{place}/inf", f"{title}: accuracy", printed["inf"], accuracy, "%", reason)
        )
        if quality:
            continue
        power = None if result is None else total(result)
        reason = "" if result is None else power_reason(result, base)
        figures.append(
            row(runs, f"{place}/power", f"{title}: power", printed["power"], power, "mW", reason)
        )
        if phi is None:
            continue
        figures.append(_saved(runs, place, title, printed, first, result, base))
        if "phi_z" in printed:
            figures.append(_hidden(runs, place, title, printed["phi_z"], result))
    return figures


def _saved(
    runs: Runs,
    place: str,
    title: str,
    printed: Mapping[str, str],
    first: Mapping[str, str],
    result: Mapping[str, Any] | None,
    base: Mapping[str, Any] | None,
) -> Figure:
    """The saving over no approximation that the table's powers give, to a tenth of a point."""
    paper = f"{100 * (1 - float(printed['power']) / float(first['power'])):.1f}"
    ours, reason = None, ""
    if result is not None and base is not None:
        ours = saving(result, base)
        lost = base["accuracy"] - result["accuracy"]
        printed_loss = float(first["inf"]) - float(printed["inf"])
        apart = sum(result["distance"]) / sum(result["original"])
        reason = (
            f"at a loss of {lost:.2f} points (paper {printed_loss:.2f}); {result['samples']:,} "
            f"samples in the program, whose sum of distances falls by {100 * (1 - apart):.1f}%, "
            f"dual gap {result['gap']:.1e}"
        )
    return row(runs, f"{place}/saving", f"{title}: saving over BMS", paper, ours, "%", reason)


def _hidden(
    runs: Runs, place: str, title: str, printed: str, result: Mapping[str, Any] | None
) -> Figure:
    ours, reason = None, ""
    if result is not None:
        ours = 100 * result["thresholds"][0]
        reason = (
            f"the cheapest feasible of the search; Eq. 16 gives {100 * result['eq16'][0]:.3g}, and "
            f"errors up to {100 * result['guaranteed'][0]:.3g} are guaranteed to be tolerable"
        )
    text = f"{title}: phi_Z in hundredths"
    return row(runs, f"{place}/phi-z", text, printed, ours, "0.01", reason)


def _finite(runs: Runs) -> list[Figure]:
    """Table IV's columns of finite precision, by neuron, and its energies."""
    figures = []
    for phi, printed in TABLES["mnist-1"][1]:
        place = f"table4/{'bms' if phi is None else f'phi{phi:.2f}'}"
        what = "as trained" if phi is None else f"phi_W = {phi:g}"
        network = runs.at("mnist-1", phi)
        for length in (512, 256, 128):
            for neuron, (ending, words) in _NEURONS.items():
                found = runs.precision.get((phi, length, neuron))
                figures.append(
                    row(
                        runs,
                        f"table4/{place.partition('/')[2]}/{length}{ending}",
                        f"MNIST, 784-10, {what}, {length} cycles: accuracy, {words}",
                        printed[str(length)],
                        None if found is None else found["accuracy"],
                        "%",
                        "" if found is None else _neuron(found, network),
                    )
                )
            power = None if network is None else total(network)
            energy = None if power is None else power * 1e-3 * length * _BIT_S * 1e6
            figures.append(
                row(
                    runs,
                    f"{place}/energy-{length}",
                    f"MNIST, 784-10, {what}, {length} cycles: energy of a decision",
                    printed[f"energy-{length}"],
                    energy,
                    "uJ",
                    "power of the generators times length times 7.82 ns, as the print is",
                )
            )
    figures.append(_rule(runs))
    return figures


def _neuron(found: Mapping[str, Any], network: Mapping[str, Any] | None) -> str:
    said = [f"{found['tested']:,} test images"]
    if network is not None:
        said.append(f"without end {network['accuracy']:.2f}%, trivial {network['trivial']:.2f}%")
    scale = ", ".join(f"{m:.3g}" for m in found["scales"])
    if found["states"] is not None:
        states = ", ".join(str(k) for k in found["states"])
        said.append(f"M = {scale}, K = {states} states, start in the middle")
    else:
        said.append(f"M = {scale}, tanh of the mean sum")
    return "; ".join(said)


def _rule(runs: Runs) -> Figure:
    """What Table IV's energies are made of."""
    _, rows = TABLES["mnist-1"]
    off = 0.0
    for _, printed in rows:
        for length in (512, 256, 128):
            rule = float(printed["power"]) * 1e-3 * length * _BIT_S * 1e6
            off = max(off, rule - float(printed[f"energy-{length}"]))
    return judge_rule(
        "table4/energy-rule",
        "Table IV's energies as its power times stream length times 7.82 ns, cut after two digits",
        "below 0.01",
        off,
        "uJ",
        0 <= off < 0.01,
        "the largest difference of the fifteen printed energies",
    )
