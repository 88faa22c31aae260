"""Stream plans: numbers as random bit streams from magnetic junctions, and neurons on them.

Vocabulary: a *stream* is `cycles` bits whose share of ones stands for a number; a *generator* makes
one bit after another from one junction: reset, write with some probability, read; a *bank* is
`phases` generators of one number that take turns, so that a bit can come out in every clock. A
neuron multiplies streams by XNOR, adds them up, and has a saturating counter of `states` states for
its tanh (mondal2018, Section IV-A and Fig. 5a).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.pulse_code import GENERATORS, RESET_RULES, PulseCodes
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.units import check_whole, picoseconds, quantity

__all__ = ["JUNCTIONS", "REUSES", "STREAM_FORMATS", "StreamPlan", "curve_of"]

#: In-plane junctions by name: mondal2018's of 20 x 58 nm (Section III-A, footnote 2).
JUNCTIONS = {"ip-20x58": InPlaneMtj()}
#: What a stream of ones with probability p stands for: p, or 2p - 1.
STREAM_FORMATS = ("bipolar", "unipolar")
#: When a junction is reset: where its last bit switched it (III-B, step i), or before every bit.
#: Bits of the weights: the same for all samples, or new ones for each.
REUSES = ("shared", "fresh")

_CHOICES = {
    "format": STREAM_FORMATS,
    "generator": GENERATORS,
    "reset_rule": RESET_RULES,
    "reuse": REUSES,
    "device": tuple(JUNCTIONS),
}
_RANGES = {
    "cycles": (1, 2**20),
    "scale": (1, 2**16),
    "phases": (1, 1024),
    "seed": (0, 2**63 - 1),
}
#: Lengths that a plan file may state as text.
_TIMES = {"tick": "tick_ps", "reset": "reset_ps", "read": "read_ps", "fine": "fine_ps"}


@dataclass(frozen=True)
class StreamPlan(Plan):
    """How numbers become streams of bits, and which network computes on them.

    Fields:
        format: `bipolar`, where a stream stands for 2p - 1, or `unipolar`, for p.
        cycles: bits of a stream.
        p_bits: bits of a number n, which stands for p = n/2^p_bits.
        generator: `bms` or `normal`, as in `pymodel.pulse_code`.
        reset_rule: `changed` skips the reset of a junction that its last write left as it was;
            `always` never does. The reset's time passes in either case.
        phases: generators in a bank; without a number as many as a bit takes clocks.
        scale: M, what a weight of 1 stands for: weights are in [-M, M].
        layers: widths: inputs, then neurons of each layer.
        operands: how each layer multiplies, of `stream_neuron.OPERANDS`; without them as in the
            paper, `shared` in the first layer and `bipolar` in the others.
        states: states of the neurons' counters, an even number by layer; without them those of
            `NeuronShape.paper`.
        start: the counters' first states by layer; without them the middle.
        reuse: whether weights have the same bits for all samples (`shared`) or not (`fresh`).
        bias_v: voltage of a write.
        reset_ps, read_ps: lengths of the other phases.
        fine_ps: step of the external delay line.
        device: the name of a junction.
        tick_ps: clock period.
        seed: of every random draw.

    Raises `InputError` for anything out of range.
    """

    kind = "stream"

    format: str = "bipolar"
    cycles: int = 256
    p_bits: int = 8
    generator: str = "bms"
    reset_rule: str = "changed"
    phases: int | None = None
    scale: int = 1
    layers: tuple[int, ...] = (4, 3, 2)
    operands: tuple[str, ...] | None = None
    states: tuple[int, ...] | None = None
    start: tuple[int, ...] | None = None
    reuse: str = "shared"
    bias_v: float = 1.2
    reset_ps: int = 4330
    read_ps: int = 2000
    fine_ps: float = 3.0
    device: str = "ip-20x58"
    tick_ps: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in choices:
                raise InputError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
        # The codes check what they are made from.
        codes = self.codes
        if self.phases is None:
            object.__setattr__(self, "phases", codes.bit_cycles)
        for name, (low, high) in _RANGES.items():
            check_whole(getattr(self, name), name, low, high)
        for name in ("layers", "states", "start"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _whole_numbers(getattr(self, name), name))
        if len(self.layers) < 2:
            raise InputError(
                f"layers is {list(self.layers)}; it must have inputs and at least one layer"
            )
        for width in self.layers:
            check_whole(width, "a width in layers", 1, 2**16)
        self._complete_neurons()

    def _complete_neurons(self) -> None:
        inputs = self.layers[:-1]
        if self.operands is None:
            object.__setattr__(self, "operands", ("shared", *["bipolar"] * (len(inputs) - 1)))
        object.__setattr__(self, "operands", _texts(self.operands, "operands"))
        own = [NeuronShape.paper(n, self.scale) for n in inputs]
        if self.states is None:
            object.__setattr__(self, "states", tuple(shape.states for shape in own))
        if self.start is None:
            assert self.states is not None
            object.__setattr__(self, "start", tuple(k // 2 for k in self.states))
        for name in ("operands", "states", "start"):
            if len(getattr(self, name)) != len(inputs):
                raise InputError(
                    f"{name} is {list(getattr(self, name))}; it must have one for each of the "
                    f"{len(inputs)} layers"
                )
        # The neurons check what they are made from.
        _ = self.neurons

    @cached_property
    def codes(self) -> PulseCodes:
        """Pulse, probability and energy of each number."""
        return PulseCodes.of(
            JUNCTIONS[self.device],
            p_bits=self.p_bits,
            tick_ps=self.tick_ps,
            fine_ps=self.fine_ps,
            generator=self.generator,
            bias_v=self.bias_v,
            reset_ps=self.reset_ps,
            read_ps=self.read_ps,
            reset_rule=self.reset_rule,
        )

    @property
    def bank_phases(self) -> int:
        """Generators in a bank."""
        assert self.phases is not None
        return self.phases

    @property
    def neurons(self) -> tuple[NeuronShape, ...]:
        """The neurons, by layer."""
        assert self.states is not None
        assert self.start is not None
        assert self.operands is not None
        each = zip(self.layers, self.states, self.start, self.operands, strict=False)
        return tuple(NeuronShape(*values) for values in each)

    def replace(self, **changes: Any) -> Self:
        """The same plan with other values in some fields.

        What follows from the others unless it is stated stays as it was: give it as None to have
        it follow again.
        """
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        lists = {name: list(values[name]) for name in ("layers", "operands", "states", "start")}
        return {"kind": self.kind, **values, **lists}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The plan that `values` state.

        Text such as `tick = "1 ns"`, `reset`, `read`, `fine` may stand for the fields in ps, and
        `bias = "1.2 V"` for `bias_v`. Raises `InputError`.
        """
        cls._refuse_unknown(values, also=(*_TIMES, "bias"))
        rest = {k: v for k, v in values.items() if k != "kind"}
        for short, long in {**_TIMES, "bias": "bias_v"}.items():
            if short not in rest:
                continue
            if long in rest:
                raise InputError(f"{short} and {long} are both given; give one")
            stated = rest.pop(short)
            if short == "bias":
                rest[long] = quantity(stated, "V", short)
            elif short == "fine":
                # A step may be a fraction of a picosecond; text is in seconds.
                step = quantity(stated, "s", short)
                rest[long] = round(1e12 * step, 6) if isinstance(stated, str) else step
            else:
                rest[long] = picoseconds(stated, short)
        return cls(**rest)


def curve_of(plan: StreamPlan) -> PulseCodes:
    """The curve of a stream plan: the probability and energy of every number's pulse."""
    return plan.codes


def _texts(values: Any, name: str) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise InputError(f"{name} is {values!r}; it must be a list of words")
    return tuple(values)


def _whole_numbers(values: Any, name: str) -> tuple[int, ...]:
    if not isinstance(values, list | tuple) or not values:
        raise InputError(f"{name} is {values!r}; it must be a list of whole numbers")
    for value in values:
        check_whole(value, f"a number in {name}", 0, 2**24)
    return tuple(values)
