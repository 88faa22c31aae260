"""The vector equation beside mondal2018's precessional law: integrators and ngspice.

The equation has Ms at 300 K where the paper's rate has that of footnote 2, a torque scaled to the
junction's Jc0 in each direction, and a current that changes as the layer turns: it is no fit to the
paper, and its rows say how far from the law physics is.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.devices import cache_folder
from nvmcosim.pymodel.device.in_plane_llg import InPlaneMotion
from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec
from nvmcosim.pymodel.device.precessional import CERTAIN
from nvmcosim.pymodel.device.shape import shape_critical_density
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.studies.figures import Figure, judge_rule

__all__ = ["INTEGRATED", "llg_figures"]

Floats = NDArray[np.float64]

#: Samples of the compiled integrators: at most, and for each of ngspice's.
INTEGRATED, _EACH = 4000, 40
#: Run of each direction, in s, and the paper's numbers in ns: 50% and 99.9%.
_SPANS = {"AP-P": 6e-9, "P-AP": 12e-9}
_PRINTED: dict[str, tuple[float | None, float]] = {"AP-P": (1.49, 3.40), "P-AP": (None, 4.33)}
#: What steps of 2 ps cost a circuit (PHYSICS: 0.3%), set before the run.
_STEPS = 0.003


def llg_figures(
    spec: InPlaneSpec,
    samples: int,
    seed: int,
    progress: Callable[[int], None] = lambda count: None,
) -> list[Figure]:
    """Rows of both directions, with `samples` ngspice writes each.

    Each direction is at its own supply, 1.2 V and that of the reset. Without ngspice the rows that
    need it are `not-run`. `progress` is told how many more samples are done.
    """
    rows = []
    for direction in _SPANS:
        rows += _direction(spec, direction, samples, seed, progress)
    return rows


def _direction(
    spec: InPlaneSpec, direction: str, samples: int, seed: int, progress: Callable[[int], None]
) -> list[Figure]:
    volts = spec.driver.vdd_v if direction == "AP-P" else spec.reset_v
    motion = InPlaneMotion.of(spec.mtj, direction, volts)
    span = _SPANS[direction]
    count = min(INTEGRATED, _EACH * samples)
    starts = motion.starts(count, seed)
    angle = motion.switching_times(starts, limit_s=2 * span)
    thermal = motion.switching_times(starts, limit_s=2 * span, thermal=True, seed=seed)
    points, agreement = _ngspice(spec, direction, volts, samples, seed, progress)
    points = [*_curves(spec, direction, motion, angle, thermal, span), *points]
    own = np.linspace(0, 2 * span, 4001)
    # By linear stability, which has Jc0 inversely as the efficiency.
    own_share = shape_critical_density(spec.mtj) * spec.mtj.polarization_now
    own_share /= spec.mtj.critical_density(direction)
    efficiency = (
        f". The law has the efficiency {spec.mtj.polarization:g} in both directions; a Jc0 of "
        f"{spec.mtj.critical_density(direction) / 1e10:.2f} MA/cm2 takes {own_share:.2f}"
    )
    rows = []
    for printed, chance in zip(_PRINTED[direction], (0.5, CERTAIN), strict=True):
        if printed is None:
            continue
        with_noise = float(np.quantile(thermal, chance)) * 1e9
        without = float(np.quantile(angle, chance)) * 1e9
        law = float(np.interp(chance, motion.law(own), own)) * 1e9
        rows.append(
            Figure(
                f"llg/{direction.lower()}/t{100 * chance:g}",
                f"Pulse that switches {direction} with {chance:.1%} at {volts:.3g} V, by the "
                "vector equation with thermal noise",
                printed,
                with_noise,
                "ns",
                "differs",
                f"{without:.2f} ns from a random start without noise; the law at the equation's "
                f"own rate, Ms at 300 K and torque scaled to Jc0, has {law:.2f}; the rest is the "
                f"current that {'grows' if direction == 'AP-P' else 'falls'} as the layer "
                f"turns{efficiency}",
                n=count,
                points=points,
            )
        )
        points = []
    return [*rows, agreement]


def _curves(
    spec: InPlaneSpec,
    direction: str,
    motion: InPlaneMotion,
    angle: Floats,
    thermal: Floats,
    span_s: float,
) -> list[dict[str, Any]]:
    pulses = np.linspace(0, span_s, 61)
    ways = {
        "law": spec.pulse(direction).probability(pulses),
        "law, the equation's rate": motion.law(pulses),
        "equation, random start": np.mean(angle[:, None] <= pulses, axis=0),
        "equation, thermal": np.mean(thermal[:, None] <= pulses, axis=0),
    }
    return [
        {"way": way, "pulse_ns": float(t) * 1e9, "p_switch": float(p)}
        for way, shares in ways.items()
        for t, p in zip(pulses, shares, strict=True)
    ]


def _ngspice(
    spec: InPlaneSpec,
    direction: str,
    volts: float,
    samples: int,
    seed: int,
    progress: Callable[[int], None],
) -> tuple[list[dict[str, Any]], Figure]:
    """Points of ngspice's samples, and how they agree with the integrators from the same starts."""
    from nvmcosim.spice.in_plane import sample_in_plane

    id = f"llg/{direction.lower()}/ngspice"
    title = f"ngspice against the integrators, {direction}: median error of a switching time"
    span = _SPANS[direction]
    # An edge as short as they come: the integrators have none.
    driver = spec.driver.replace(vdd_v=volts, rise_ps=1.0)
    try:
        found = sample_in_plane(
            driver, spec.mtj, direction, samples, seed, span, cache_folder() / "samples", progress
        )
    except MissingTool as error:
        return [], Figure(id, title, None, None, "%", "not-run", str(error))
    # The same starts, at a tenth of the circuit's step.
    motion = InPlaneMotion.of(spec.mtj, direction, volts)
    exact = motion.switching_times(found.starts, limit_s=span, step_s=2e-13)
    both = np.isfinite(exact) & np.isfinite(found.times_s)
    median = float(np.median(np.abs(found.times_s[both] / exact[both] - 1)))
    count = found.times_s.size
    points = [
        {
            "way": "ngspice, random start",
            "pulse_ns": float(t) * 1e9,
            "p_switch": float(np.mean(found.times_s <= t)),
            "samples": count,
        }
        for t in found.pulse_s
    ]
    row = judge_rule(
        id,
        title,
        f"steps of 2 ps cost {_STEPS:.1%}",
        100 * median,
        "%",
        median <= _STEPS,
        "not the paper's: an expectation of our own; a few starts that only just cross are half a "
        "precession off, and a median does not see them",
        n=count,
    )
    return points, row
