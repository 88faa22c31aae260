"""The perpendicular STT-MTJ as a subcircuit: one-dimensional and Cartesian macrospin.

Both subcircuits begin with the ports `free ref mz`: the free and the reference layer, and the
cosine between them as a voltage (+1 parallel, -1 antiparallel). A positive voltage from `free` to
`ref` favours the parallel state, so a write "P-AP" takes a negative one. Time is real time: a
capacitor of tau_D farad integrates a current that is d/dt in units of tau_D. Vocabulary as in
`pymodel.device.mtj`; s = V/Vc0 or I/Ic0 is the signed overdrive, positive towards parallel.

One-dimensional (`mtj_1d`), exact for a uniaxial junction, in the angle theta to the reference:

    d theta/dt = -sin(theta) (cos(theta) + s) + hold/tan(theta) + sigma noise(t)

This is the Stratonovich form dx/dt = (1 - x^2)(x - i) - x/(2 Delta) + sqrt((1 - x^2)/Delta) xi of
the Fokker-Planck equation, rewritten by the chain rule for theta, which makes the noise additive:
at the same error it takes twice the time step, and no root of a negative number can arise. With
thermal noise `hold` is 1/(2 Delta); without, 0 leaves all to the initial angle, and
sin^2(rest) makes `rest` the angle to which an idle cell returns.

Cartesian (`mtj_llg`), in m = (x, y, z), with h = z + h_thermal in units of Hk:

    dm/dt = -(1/alpha) m x h + h |m|^2 - m (m.h) + s (z |m|^2 - m m_z) + KEEP m (1 - |m|^2)

The last term restores |m| = 1. It precesses, so it needs steps of at most `LLG_STEP_S`, and
trapezoidal integration: Gear damps the precession.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.mtj import DIRECTIONS, PmaMtj
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.netlist import Netlist, pwl_expression

__all__ = [
    "LLG_STEP_S",
    "MODELS",
    "NOISES",
    "OPTIONS",
    "SUBCIRCUITS",
    "Start",
    "add_mtj",
    "draw_start",
    "noise_step_s",
    "thermal_noise",
]

Floats = NDArray[np.float64]

#: Macrospin models and kinds of randomness, as the command line names them.
MODELS = ("1d", "cartesian")
NOISES = ("thermal", "angle")

#: Longest step of the Cartesian model, in s. Twice that keeps a noiseless run within 0.03% of its
#: switching time, but single thermal ones only within 1%.
LLG_STEP_S = 1e-12

#: Integration: trapezoidal, Newton to far below what theta moves in a step, and steps that only
#: `tmax` sets: an error estimate that sees noise would cut them for nothing.
OPTIONS = ".options method=trap reltol=1e-6 vntol=1e-9 abstol=1e-12 trtol=1e4"

#: The junction's current in either model. `g` is the conductance in units of 1/R_P:
#: 1 - (1 - mz)/2 * TMR(V)/(1 + TMR(V)), TMR(V) = TMR0/(1 + (V/V_half)^2).
_JUNCTION = """
bg g 0 v=1-(1-v(mz))/2*{tmr}/(1+{tmr}+(v(free,ref)/{vhalf})^2)
bj free ref i=v(free,ref)*v(g)/{rp}
bs s 0 v=v(free,ref)*({kv}+{ki}*v(g))
"""

SUBCIRCUITS = f"""
.subckt mtj_1d free ref mz theta noise rp=1k tmr=1 vhalf=1 kv=0 ki=0 tau=1n hold=0 sigma=0
{_JUNCTION.strip()}
bm mz 0 v=cos(v(theta))
ct theta 0 {{tau}}
bt 0 theta i=-sin(v(theta))*(v(mz)+v(s))
bh 0 theta i={{hold}}*sin(v(theta))*v(mz)/(1e-6+sin(v(theta))^2)
bn 0 theta i={{sigma}}*v(noise)
.ends
.subckt mtj_llg free ref mz mx my nx ny nz rp=1k tmr=1 vhalf=1 kv=0 ki=0 tau=1n alpha=1 sigma=0
{_JUNCTION.strip()}
cx mx 0 {{tau}}
cy my 0 {{tau}}
cz mz 0 {{tau}}
bhx hx 0 v={{sigma}}*v(nx)
bhy hy 0 v={{sigma}}*v(ny)
bhz hz 0 v=v(mz)+{{sigma}}*v(nz)
bq q 0 v=v(mx)^2+v(my)^2+v(mz)^2
bd d 0 v=v(mx)*v(hx)+v(my)*v(hy)+v(mz)*(v(hz)+v(s))-50*(1-v(q))
bx 0 mx i=-(v(my)*v(hz)-v(mz)*v(hy))/{{alpha}}+v(hx)*v(q)-v(mx)*v(d)
by 0 my i=-(v(mz)*v(hx)-v(mx)*v(hz))/{{alpha}}+v(hy)*v(q)-v(my)*v(d)
bz 0 mz i=-(v(mx)*v(hy)-v(my)*v(hx))/{{alpha}}+(v(hz)+v(s))*v(q)-v(mz)*v(d)
.ends
""".strip()


@dataclass(frozen=True)
class Start:
    """Where a junction's free layer is at time 0: angles in rad.

    Fields: `direction` of the write to come; `angle` from the direction the layer starts in,
    `azimuth` around the axis (the Cartesian model's alone).
    """

    direction: str
    angle: float
    azimuth: float = 0.0

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InputError(
                f"direction is {self.direction!r}; it must be one of {', '.join(DIRECTIONS)}"
            )

    @property
    def theta(self) -> float:
        """Polar angle to the reference layer."""
        return self.angle if self.direction == "P-AP" else math.pi - self.angle

    @property
    def vector(self) -> tuple[float, float, float]:
        """Unit vector of the magnetisation."""
        sine = math.sin(self.theta)
        return sine * math.cos(self.azimuth), sine * math.sin(self.azimuth), math.cos(self.theta)


def draw_start(mtj: PmaMtj, direction: str, random: np.random.Generator) -> Start:
    """A start drawn from the Boltzmann distribution in the well of the initial state.

    Its density is exp(-Delta sin^2) sin; u = sin^2 of the angle is drawn by inversion of the
    exponential, weighted by 1/sqrt(1 - u) through rejection.
    """
    cut = -math.expm1(-mtj.delta)
    while True:
        square = -math.log1p(-cut * random.random()) / mtj.delta
        # 1/cos grows without bound at the equator, where less than exp(-Delta) of the draws are.
        if random.random() * 4 * math.sqrt(max(1 - square, 1 / 16)) < 1:
            return Start(direction, math.asin(math.sqrt(square)), 2 * math.pi * random.random())


def noise_step_s(mtj: PmaMtj, model: str = "1d") -> float:
    """Spacing in s of the thermal noise's points: white to all that the model can follow."""
    return mtj.tau_s / 40 if model == "1d" else 5 * LLG_STEP_S


def thermal_noise(
    random: np.random.Generator, span_s: float, step_s: float, model: str = "1d"
) -> Floats:
    """Standard normal noise values every `step_s` until past `span_s`, `[components, points]`."""
    points = max(2, math.ceil(span_s / step_s) + 2)
    return random.standard_normal((1 if model == "1d" else 3, points))


def add_mtj(
    netlist: Netlist,
    mtj: PmaMtj,
    start: Start,
    free: str,
    ref: str,
    *,
    index: int = 0,
    noise: Floats | None = None,
    step_s: float = 0.0,
    hold: float | None = None,
    model: str = "1d",
) -> None:
    """Add junction `index` between nodes `free` and `ref`, to a netlist with `SUBCIRCUITS`.

    `mz{index}` is its cosine to the reference layer. `noise`, as from `thermal_noise` with points
    `step_s` apart, makes it thermal; without it, it turns from its start undisturbed, or held at
    an angle of rest by `hold` (see the module; one-dimensional only). Node names are the
    program's own.
    """
    if model not in MODELS:
        raise InputError(f"macrospin is {model!r}; it must be one of {', '.join(MODELS)}")
    n = int(index)
    values: dict[str, object] = {
        "rp": mtj.r_parallel_ohm,
        "tmr": mtj.tmr,
        "vhalf": mtj.v_half_v,
        "kv": 1 / mtj.critical_voltage_v if mtj.torque == "voltage" else 0.0,
        "ki": 1 / mtj.critical_voltage_v if mtj.torque == "current" else 0.0,
        "tau": mtj.tau_s,
    }
    common = "rp={rp} tmr={tmr} vhalf={vhalf} kv={kv} ki={ki} tau={tau}"
    names = [f"n{axis}{n}" for axis in ("xyz" if model != "1d" else "t")]
    for row, name in enumerate(names):
        if noise is None:
            netlist.add(f"v{name} {name} 0 0")
        else:
            netlist.add_fixed(f"b{name} {name} 0 v={pwl_expression(step_s, noise[row])}")
    # Noise of standard normal points step_s apart has the spectral density of white noise of
    # unit strength per tau_D once scaled by sqrt(tau_D/step).
    strength = 0.0 if noise is None else math.sqrt(mtj.tau_s / step_s / mtj.delta)
    if model == "1d":
        if hold is None:
            hold = 0.0 if noise is None else 1 / (2 * mtj.delta)
        values |= {"hold": hold, "sigma": strength, "theta": start.theta}
        netlist.add(
            f"xm{n} {free} {ref} mz{n} theta{n} nt{n} mtj_1d {common} "
            "hold={hold} sigma={sigma}",
            **values,
        )
        netlist.add(f".ic v(theta{n})={{theta}}", **values)
        return
    # Fluctuation-dissipation: alpha^2/((1 + alpha^2) Delta) in each component of the field.
    alpha = mtj.damping
    values |= {"alpha": alpha, "sigma": strength * alpha / math.sqrt(1 + alpha**2)}
    values |= dict(zip(("x", "y", "z"), start.vector, strict=True))
    netlist.add(
        f"xm{n} {free} {ref} mz{n} mx{n} my{n} nx{n} ny{n} nz{n} mtj_llg {common} "
        "alpha={alpha} sigma={sigma}",
        **values,
    )
    netlist.add(f".ic v(mx{n})={{x}} v(my{n})={{y}} v(mz{n})={{z}}", **values)
