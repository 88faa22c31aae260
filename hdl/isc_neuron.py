"""The integral-stochastic neuron: multipliers, integral adder and FSM tanh (mondal2018, Fig. 5a).

`pymodel.stream_neuron` defines operands, the sum S and the counter.
"""

from typing import ClassVar, Self

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import EventCounter, popcount
from nvmcosim.hdl.sng_ports import BitLayout
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.stream_plan import StreamPlan
from nvmcosim.pymodel.units import check_whole

__all__ = ["NEURON_COUNTERS", "IscNeuron", "NeuronCore", "OperandLayout", "integral_sum"]

#: What a neuron counts: cycles, ones put out, and cycles in which the counter was clipped.
NEURON_COUNTERS = ("cycles", "ones", "clipped")


class OperandLayout(data.StructLayout):
    """One bit of every stream that a layer of `outputs` neurons works on, in one cycle.

    Fields: `x`, the inputs, `[inputs]`; `w`, the weights, neuron 0 first, of it all streams w and
    then, where the operand has them, all streams v; `negative`, where magnitudes are negative,
    neuron 0 first; `last`, whether it is a stream's last cycle, after which counters start again.
    """

    def __init__(self, shape: NeuronShape, outputs: int = 1) -> None:
        weights = shape.inputs * outputs
        fields = {"x": shape.inputs, "w": weights * shape.weight_streams}
        signs = {"negative": weights} if shape.signed else {}
        super().__init__({**fields, **signs, "last": 1})


def integral_sum(shape: NeuronShape, x: Value, w: Value, negative: Value | None = None) -> Value:
    """S of one cycle, signed, as `pymodel.stream_neuron.sums_of` has it."""
    n = shape.inputs
    width = (2 * n).bit_length()
    v = w[n:] if shape.weight_streams > 1 else w[:n]
    w = w[:n]
    if shape.signed:
        assert negative is not None
        bipolar = shape.operand == "magnitude-bipolar"
        up = w & (x ^ negative) if bipolar else w & x & ~negative
        down = w & ~(x ^ negative) if bipolar else w & x & negative
        return popcount([*up], width) - popcount([*down], width)
    agree = popcount([*~(w ^ x)], width)
    if shape.operand == "bipolar":
        return (agree << 1) - n
    return ((agree + popcount([*v], width)) << 1) - 2 * n


class NeuronCore(wiring.Component):
    """A neuron without its counters.

    A cycle accepted in clock t moves the counter at its end, and the output bit is offered from
    t + 1 on; the next cycle is accepted in the clock in which that is taken, so one a clock.
    `operands.ready` depends on `output.ready` in the same clock.

    Parameters:
        shape: the neuron.

    Members:
        operands: In, stream of `OperandLayout` of one neuron.
        output: Out, stream of `BitLayout`.
        state: Out, registered: the counter after the last cycle accepted.
        clips: Out, the cycle that is accepted in this clock is clipped.
    """

    def __init__(self, shape: NeuronShape) -> None:
        self.shape = shape
        super().__init__(
            {
                "operands": In(stream.Signature(OperandLayout(shape))),
                "output": Out(stream.Signature(BitLayout())),
                "state": Out(shape.state_bits, init=shape.first_state),
                "clips": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: adder, saturating counter and the bit on offer."""
        m = Module()
        shape, operands, output = self.shape, self.operands, self.output
        given = operands.payload
        total = Signal(signed(shape.sum_bits))
        moved = Signal(signed(max(shape.sum_bits, shape.state_bits + 1) + 1))
        clipped = Signal(shape.state_bits)
        over, under = Signal(), Signal()
        negative = given.negative if shape.signed else None
        m.d.comb += [
            total.eq(integral_sum(shape, given.x, given.w, negative)),
            moved.eq(self.state + total),
            under.eq(moved < 0),
            over.eq(moved > shape.states - 1),
            clipped.eq(Mux(under, 0, Mux(over, shape.states - 1, moved))),
            operands.ready.eq(~output.valid | output.ready),
            self.clips.eq(operands.valid & operands.ready & (over | under)),
        ]
        with m.If(operands.ready):
            m.d.sync += output.valid.eq(operands.valid)
        with m.If(operands.valid & operands.ready):
            m.d.sync += [
                self.state.eq(Mux(given.last, shape.first_state, clipped)),
                output.payload.bit.eq(clipped >= shape.half),
                output.payload.last.eq(given.last),
            ]
        return m


class IscNeuron(wiring.Component):
    """The neuron of the plan's first layer: bits of inputs and weights in, tanh bits out.

    Timing: `NeuronCore`. Counters count a cycle in the clock in which its bit is taken. Reset puts
    the state back to the first and forgets the bit; offer nothing while it is on.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members: those of `NeuronCore`, and an Out for each of `NEURON_COUNTERS`.

    Raises `InputError` for `counter_bits` out of range.
    """

    block: ClassVar[str] = "isc-neuron"

    def __new__(cls, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> Self:
        """Check the parameters first: Amaranth complains of components made but never used."""
        check_whole(counter_bits, "counter_bits", 1, 64)
        return super().__new__(cls, src_loc_at=1)

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        self.plan = plan
        self.counter_bits = counter_bits
        self.shape = plan.neurons[0]
        super().__init__(
            {
                "operands": In(stream.Signature(OperandLayout(self.shape))),
                "output": Out(stream.Signature(BitLayout())),
                "state": Out(self.shape.state_bits, init=self.shape.first_state),
                **{name: Out(counter_bits) for name in NEURON_COUNTERS},
            }
        )

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        return NEURON_COUNTERS

    @property
    def delay(self) -> int:
        """Clocks from accepting a cycle to offering its bit."""
        return 1

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return {
            "operands__payload": operands_meaning(self.shape),
            "operands__valid": "a cycle's bits are offered",
            "operands__ready": "an offered cycle is accepted in this clock",
            "output__payload": "bit 0 the tanh's bit, bit 1 whether it is the last of its stream",
            "output__valid": "a bit is offered, and held until it is accepted",
            "output__ready": "an offered bit is accepted in this clock",
            "state": "counter of the FSM tanh after the last cycle accepted",
            "cycles": "bits put out",
            "ones": "bits put out that are 1",
            "clipped": "cycles whose sum the counter did not take whole",
        }

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        return [neuron_summary(self.shape)]

    def elaborate(self, platform: object) -> Module:
        """The circuit: the core and the counters."""
        m = Module()
        m.submodules.core = core = NeuronCore(self.shape)
        wiring.connect(m, wiring.flipped(self.operands), core.operands)
        wiring.connect(m, core.output, wiring.flipped(self.output))
        taken = core.output.valid & core.output.ready
        clips = Signal()
        with m.If(core.operands.ready):
            m.d.sync += clips.eq(core.clips)
        m.d.comb += self.state.eq(core.state)
        for name, event in (
            ("cycles", taken),
            ("ones", taken & core.output.payload.bit),
            ("clipped", taken & clips),
        ):
            m.submodules[f"count_{name}"] = counter = EventCounter(self.counter_bits)
            m.d.comb += [counter.amount.eq(event), getattr(self, name).eq(counter.count)]
        return m


def neuron_summary(shape: NeuronShape) -> str:
    """What a neuron depends on, as a line of text."""
    return (
        f"{shape.inputs} inputs, {shape.operand}, {shape.states} states from {shape.first_state}, "
        f"1 from {shape.half} on"
    )


def operands_meaning(shape: NeuronShape) -> str:
    """What the payload of a neuron's or layer's operands is."""
    fields = "inputs x, weights w" + (" and v" if shape.weight_streams > 1 else "")
    signs = ", where they are negative" if shape.signed else ""
    return f"a cycle's bits: {fields}{signs}, and whether it is the last of its stream"
