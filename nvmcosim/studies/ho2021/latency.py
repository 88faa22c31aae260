"""Fig. 10(c): write latency of AppWOM beside PreRESET's, with and without the read."""

from nvmcosim.networks import NETWORKS
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ho2021.approaches import APPROACHES, APPWOM
from nvmcosim.studies.ho2021.printed import LATENCY, TABLE_1
from nvmcosim.studies.ho2021.rules import TOLERANCE_LATENCY, row
from nvmcosim.studies.ho2021.runs import Runs, saved

__all__ = ["latency_figures"]

_TITLES = {
    "without-read": "without the read that finds the stage",
    "with-read": "with the read that finds the stage",
}
_EXPECTED = (
    "half of the writes SET and half RESET: 43.75% without the read and 31.25% with it, where each "
    "line changes at each write; a line that does not change takes no pulse"
)


def latency_figures(runs: Runs) -> list[Figure]:
    """A row for each network, with and without the read."""
    return [_row(runs, network, id) for network in TABLE_1 for id in _TITLES]


def _row(runs: Runs, network: str, id: str) -> Figure:
    ours = runs.report(network, "appwom", APPWOM)
    other = runs.report(network, "exact", APPROACHES["prereset"])
    percent, holds, exposed = None, None, ""
    if ours and other:
        mine = ours["place_ns"] + (ours["sense_ns"] if id == "with-read" else 0)
        percent = saved(mine, other["place_ns"])
        within = saved(mine + ours["turn_ns"], other["place_ns"])
        exposed = f"{within:.1f}% with refreshes in the write's own time, not in idle time"
        memories = (("appwom", APPWOM), ("exact", APPROACHES["prereset"]))
        if runs.decided(network, *memories):
            low, high = LATENCY[0] - TOLERANCE_LATENCY, LATENCY[1] + TOLERANCE_LATENCY
            holds = low <= percent <= high
    return row(
        f"fig10c/{network}/{id}",
        f"Write latency that AppWOM saves against PreRESET, {NETWORKS[network].title}, "
        f"{_TITLES[id]} (Fig. 10c)",
        f"{LATENCY[0]} to {LATENCY[1]}",
        percent,
        "%",
        holds,
        (runs.reduced(network), exposed, _EXPECTED),
    )
