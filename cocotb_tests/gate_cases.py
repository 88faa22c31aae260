"""The gates that the pulse-gate bench is run on: formats, shapes, options."""

from dataclasses import replace
from itertools import product

from nvmcosim.cocotb_tests.gate_spec import GateSpec
from nvmcosim.pymodel.bit_curves import CurveSet, DeviceCurve
from nvmcosim.pymodel.device.threshold import law_curve, normal_threshold_curve
from nvmcosim.pymodel.store_plan import Domain, StorePlan

__all__ = ["gate_cases", "gate_curve", "many_gate_cases"]

#: The locatelli2018 pulse for 1e-10 in clocks of 5 ns, and shorter ones (Section III).
_HIGH, _LOW = "15 ns", ("0 ns", "5 ns", "10 ns")
_THREE = (None, 0.9, 1.2)
_REWRITES, _BANKS = ("all", "changed"), (1, 2, 3)
#: Supply of the stand-in device, in V.
_OWN_V = 1.0


def gate_curve(spec: GateSpec) -> DeviceCurve:
    """Curves for a gate of these cases, one an amplitude.

    The plan's law, or where it has other amplitudes a stand-in device for the bench alone: normal
    thresholds whose mean goes with 1/V.
    """
    amplitudes = spec.table.shape.amplitudes
    if amplitudes == (None,):
        return law_curve(spec.plan.device)

    def at(volts: float | None) -> float:
        return _OWN_V if volts is None else volts

    stated = {at(volts) for volts in amplitudes} - {_OWN_V}
    own, *others = (
        replace(normal_threshold_curve("stand-in", 8000 / v, 3000), amplitude_v=v)
        for v in (_OWN_V, *sorted(stated))
    )
    return CurveSet(own, tuple(others))


def _two_stages() -> list[GateSpec]:
    """locatelli2018's words: HSB and LSB, and what its Section IV varies."""
    return [
        GateSpec(StorePlan.two_domain("sm0.15", bits, _HIGH, short, variation=variation))
        for (bits, short), variation in zip(
            product((8, 12), _LOW), ("cycle", "cell") * 3, strict=True
        )
    ]


def _options() -> list[GateSpec]:
    """Every combination of the options, with few stages and many, and of 1 to 3 amplitudes."""
    specs = []
    for n, (rewrite, retry_limit, bank_words) in enumerate(product(_REWRITES, (0, 2), _BANKS)):
        plan = StorePlan.two_domain(
            "bf16",
            3 + n % 4,
            "15 ns",
            "10 ns",
            rewrite=rewrite,
            retry_limit=retry_limit,
            bank_words=bank_words,
            variation=("cycle", "cell")[n % 2],
        )
        specs.append(GateSpec(plan, (2, 3, 5, 4)[n % 4], 3, (None, *_THREE[1:][: n % 3])))
    return specs


def _shapes() -> list[GateSpec]:
    """Other formats, one stage and sixteen, codes of one bit and many, any amplitude first."""
    stair = tuple(Domain(1, 5000 * (bit % 4)) for bit in range(16))
    return [
        GateSpec(StorePlan("sm0.15", (Domain(16, 5_000),)), 1, 1),
        GateSpec(StorePlan("q4.11", (Domain(16, 0),), rewrite="changed", retry_limit=1), 2),
        GateSpec(StorePlan("sm0.15", stair, rewrite="changed", retry_limit=3), 16, 2, _THREE),
        GateSpec(StorePlan("fp16", (*stair[:8], Domain(8, 20_000, 0.9))), 9, 3, (0.9, None)),
        GateSpec(
            StorePlan("fp32", (Domain(9, 20_000), Domain(7, 15_000), Domain(16, 5_000))),
            7,
            4,
            (1.2, None),
        ),
        GateSpec(
            StorePlan("fp32", (Domain(16, 12_000), Domain(16, 0)), tick_ps=3000, retry_limit=1),
            3,
            6,
        ),
        GateSpec(
            StorePlan("bf16", (Domain(9, 9000), Domain(7, 4000)), tick_ps=1000, rewrite="changed")
        ),
    ]


def gate_cases() -> list[GateSpec]:
    """The gates of the usual run."""
    return [*_two_stages(), *_options(), *_shapes()]


def many_gate_cases() -> dict[str, list[GateSpec]]:
    """Formats times stages times options, by format and number of stages."""
    return {
        f"{number_format}, {stages} stages": [
            GateSpec(
                StorePlan.two_domain(
                    number_format,
                    7,
                    "15 ns",
                    "5 ns",
                    rewrite=rewrite,
                    retry_limit=retry_limit,
                    bank_words=bank_words,
                ),
                stages,
                4,
                _THREE[: 1 + stages % 3],
            )
            for rewrite, retry_limit, bank_words in product(_REWRITES, (0, 1, 3), _BANKS)
        ]
        for number_format, stages in product(("bf16", "fp16", "fp32", "sm0.15"), (2, 3, 8, 16))
    }
