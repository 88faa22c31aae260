"""The plans that the AppWOM benches are run on: formats, schemes, policies, lengths of pulses."""

from itertools import product

from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.pcm_cell import PcmCell

__all__ = ["line_cases", "many_line_cases"]

#: ho2021's Table II on a clock as slow as its shortest pulse: 1, 8 and 1 clocks.
_SLOW = 125_000
#: Reads that are longer than RESETs, on the clock of the other blocks; and one clock for each.
_UNEVEN = PcmCell(read_ps=15_000, set_ps=30_000, reset_ps=10_000)
_EVEN = PcmCell(read_ps=5_000, set_ps=5_000, reset_ps=5_000)
_REFRESHES, _IDLES, _INITIALS = ("line", "group"), ("none", "any", "all"), ("preset", "prereset")


def line_cases() -> dict[str, list[LinePlan]]:
    """Ping-pong lines of every format and policy; and lines that keep their polarity."""
    ping_pong = [
        LinePlan("fp32", line_words=1, tick_ps=_SLOW),
        LinePlan("fp32", line_words=2, tick_ps=_SLOW, refresh="group", idle="any"),
        LinePlan("bf16", line_words=3, cell=_UNEVEN, refresh="group", initial="prereset"),
        LinePlan("bf16", line_words=1, cell=_EVEN, idle="any"),
        LinePlan("fp16", line_words=2, cell=_UNEVEN, idle="all", initial="prereset"),
        LinePlan("fp16", line_words=1, tick_ps=_SLOW, app_groups=0, refresh="group", idle="all"),
    ]
    fixed = [
        LinePlan("fp32", "wom-set", line_words=1, tick_ps=_SLOW),
        LinePlan("bf16", "wom-set", line_words=2, cell=_UNEVEN, refresh="group", idle="any"),
        LinePlan("fp32", "appwom", line_words=1, cell=_EVEN, refresh="group", idle="all"),
        LinePlan("bf16", "appwom", line_words=2, tick_ps=_SLOW, idle="any", initial="prereset"),
    ]
    return {"ping-pong": ping_pong, "fixed polarity": fixed}


def many_line_cases() -> dict[str, list[LinePlan]]:
    """Every format, scheme and policy, by the scheme and the format; a wide line among them."""
    found: dict[str, list[LinePlan]] = {}
    for scheme, name in product(
        ("wom-set", "appwom", "appwom-ping-pong"), ("fp32", "bf16", "fp16")
    ):
        policies = enumerate(product(_REFRESHES, _IDLES, _INITIALS))
        found[f"{scheme}, {name}"] = [
            LinePlan(
                name,
                scheme,
                line_words=1 + n % 3,
                refresh=refresh,
                idle=idle,
                initial=initial,
                cell=(_UNEVEN, _EVEN)[n % 2],
            )
            for n, (refresh, idle, initial) in policies
        ]
    found["512 bits"] = [LinePlan("fp32", line_words=16, tick_ps=_SLOW, refresh="group")]
    return found
