"""Accuracy with and without AppWOM."""

from nvmcosim.networks import NETWORKS
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ho2021.printed import TABLE_1
from nvmcosim.studies.ho2021.rules import LOST_POINTS, row
from nvmcosim.studies.ho2021.runs import Runs

__all__ = ["accuracy_figures"]

#: What is compared, by the end of a row's id: the runs with and without, and in words.
_PAIRS = {
    "appwom": ("appwom", "exact", "AppWOM"),
    "word": ("appwom-word", "exact", "AppWOM turned word by word"),
    "bf16": ("bf16-appwom", "bf16", "AppWOM of bf16, against bf16"),
    "bf16-1": ("bf16-appwom-1", "bf16", "AppWOM of bf16 for M6+M7 alone, against bf16"),
    "bf16-fp32": ("bf16-appwom", "exact", "AppWOM of bf16, against fp32"),
    "plain": ("plain-appwom", "plain", "AppWOM and plain gradient descent"),
}


def accuracy_figures(runs: Runs) -> list[Figure]:
    """A row for each network, and on LeNet for each other pair of runs."""
    rows = [_row(runs, network, "appwom") for network in TABLE_1]
    return [*rows, *(_row(runs, "lenet", id) for id in _PAIRS if id != "appwom")]


def _row(runs: Runs, network: str, id: str) -> Figure:
    kind, against, words = _PAIRS[id]
    score = runs.loss(network, kind, against)
    pair = (against, kind)
    at = runs.shared(network, *pair)
    both = [runs.accuracy(network, each, at) for each in pair]
    printed = id in ("appwom",)
    decided = not runs.reduced(network, pair) or (
        runs.settled(network, kind) and runs.settled(network, against)
    )
    holds = None
    if score and printed and decided:
        holds = score.mean <= max(LOST_POINTS, 2 * (score.spread or 0.0))
    points = []
    for each in pair:
        for (n, k, seed), run in sorted(runs.done.items()):
            if (n, k) == (network, each):
                points += [
                    {
                        "kind": each,
                        "seed": seed,
                        "iteration": entry["iteration"],
                        "test_accuracy_percent": 100 * entry["test_accuracy"],
                    }
                    for entry in run["history"]
                ]
    said = f"{both[0]}% without and {both[1]}% with" if both[0] and both[1] else "not trained"
    return row(
        f"accuracy/{network}/{id}",
        f"Points of accuracy that {NETWORKS[network].title} loses with {words} (IV-B, V)",
        "comparable" if printed else None,
        score.mean if score else None,
        "points",
        holds,
        (
            runs.reduced(network, pair),
            said,
            f"kept: at most {LOST_POINTS} points or twice the spread",
        ),
        score.spread if score else None,
        score.n if score else None,
        points,
    )
