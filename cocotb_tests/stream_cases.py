"""The plans that the stochastic benches are run on."""

from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["STREAM_BLOCKS", "device_plans", "stream_cases"]

#: The blocks, banks and generators first.
STREAM_BLOCKS = ("bms-bank", "bms-sng", "isc-neuron", "isc-layer", "isc-network")


def stream_cases(block: str, full: bool = False) -> dict[str, list[StreamPlan]]:
    """Plans of `block` by class; with `full` more of them, and larger ones."""
    if block.startswith("bms"):
        return _generators(block == "bms-bank", full)
    if block == "isc-network":
        return _networks(full)
    shapes = [(1, 2, "shared"), (3, 6, "bipolar"), (5, 40, "separate"), (4, 10, "magnitude")]
    shapes += [(6, 8, "magnitude-bipolar"), (8, 32, "shared")]
    if full:
        shapes += [(64, 128, "shared"), (196, 392, "shared"), (15, 60, "bipolar")]
        shapes += [(64, 40, "magnitude"), (64, 1024, "separate")]
    plans = [
        StreamPlan(
            cycles=64 if n % 2 else 21,
            layers=(inputs, 1 + n % 4),
            states=(states,),
            start=((0, states // 2, states - 1)[n % 3],),
            operands=(operand,),
        )
        for n, (inputs, states, operand) in enumerate(shapes)
    ]
    return {"operands": plans}


def _generators(bank: bool, full: bool) -> dict[str, list[StreamPlan]]:
    phases = (1, 2, 5, 9, 12) if bank else (1,)
    plans = [StreamPlan(cycles=16, phases=n) for n in phases]
    plans += [
        StreamPlan(cycles=7, generator="normal", reset_rule="always", phases=phases[-1]),
        StreamPlan(cycles=5, p_bits=1, tick_ps=5000, phases=phases[-1]),
        StreamPlan(cycles=1, p_bits=6, tick_ps=250, fine_ps=10.0, phases=phases[-1]),
    ]
    cases = {"phases": plans}
    if full:
        cases["rules"] = [
            StreamPlan(cycles=33, generator=g, reset_rule=r, p_bits=p, phases=phases[-2:][0])
            for g in ("bms", "normal")
            for r in ("changed", "always")
            for p in (4, 8, 10)
        ]
    return cases


def _networks(full: bool) -> dict[str, list[StreamPlan]]:
    small = StreamPlan(cycles=13, phases=2, p_bits=4, layers=(2, 2, 1))
    cases = {
        "operands": [
            small,
            small.replace(operands=("separate", "magnitude-bipolar"), phases=1),
            small.replace(operands=("magnitude", "bipolar"), layers=(2, 1, 2), phases=3),
        ]
    }
    if full:
        cases["4-3-2"] = [StreamPlan(cycles=64)]
    return cases


def device_plans(block: str) -> list[StreamPlan]:
    """Plans on which junctions switch by their curve: a BMS of 8 bits, and a normal generator."""
    phases = 9 if block == "bms-bank" else 1
    return [
        StreamPlan(cycles=64, phases=phases),
        StreamPlan(cycles=64, phases=phases, generator="normal", p_bits=5),
    ]
