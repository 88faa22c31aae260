"""A layer of integral-stochastic neurons on the same inputs (mondal2018, Fig. 1c)."""

from typing import Any, ClassVar, Self

from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import EventCounter
from nvmcosim.hdl.isc_neuron import (
    NeuronLogic,
    OperandLayout,
    neuron_summary,
    operands_meaning,
    step_neurons,
)
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.stream_plan import StreamPlan
from nvmcosim.pymodel.units import check_whole

__all__ = ["IscLayer", "LayerBitsLayout", "LayerCore", "layer_counters"]


class LayerBitsLayout(data.StructLayout):
    """The neurons' bits of one cycle, neuron 0 first, and whether it is a stream's last."""

    def __init__(self, outputs: int) -> None:
        super().__init__({"bits": outputs, "last": 1})


def layer_counters(outputs: int) -> tuple[str, ...]:
    """A layer's counters: cycles and streams put out, and each neuron's ones."""
    return ("cycles", "streams", *(f"ones_{n}" for n in range(outputs)))


class LayerCore(wiring.Component):
    """Neurons side by side, without counters; timing is that of `IscNeuron`.

    Parameters:
        shape: of each neuron; outputs: how many there are.

    Members:
        operands: In, stream of `OperandLayout`.
        output: Out, stream of `LayerBitsLayout`.
    """

    def __init__(self, shape: NeuronShape, outputs: int) -> None:
        self.shape, self.outputs = shape, outputs
        super().__init__(
            {
                "operands": In(stream.Signature(OperandLayout(shape, outputs))),
                "output": Out(stream.Signature(LayerBitsLayout(outputs))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the neurons, which step together."""
        m = Module()
        shape, given = self.shape, self.operands.payload
        neurons = [NeuronLogic(shape) for _ in range(self.outputs)]
        step_neurons(m, self.operands, self.output, neurons)
        weights = shape.inputs * shape.weight_streams
        for n, neuron in enumerate(neurons):
            m.submodules[f"neuron_{n}"] = neuron
            m.d.comb += neuron.w.eq(given.w.word_select(n, weights))
            if shape.signed:
                m.d.comb += neuron.negative.eq(given.negative.word_select(n, shape.inputs))
        m.d.comb += self.output.payload.bits.eq(Cat(neuron.bit for neuron in neurons))
        return m


class IscLayer(wiring.Component):
    """The plan's first layer: bits of inputs and weights in, a tanh bit of each neuron out.

    Timing and reset are those of `IscNeuron`; counters count a cycle in the clock in which its bits
    are taken.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members: those of `LayerCore`, and an Out for each of `layer_counters(outputs)`.

    Raises `InputError` for `counter_bits` out of range.
    """

    block: ClassVar[str] = "isc-layer"

    def __new__(cls, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> Self:
        """Check the parameters first: Amaranth complains of components made but never used."""
        check_whole(counter_bits, "counter_bits", 1, 64)
        return super().__new__(cls, src_loc_at=1)

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        self.plan = plan
        self.counter_bits = counter_bits
        self.shape, self.outputs = plan.neurons[0], plan.layers[1]
        super().__init__(
            {
                "operands": In(stream.Signature(OperandLayout(self.shape, self.outputs))),
                "output": Out(stream.Signature(LayerBitsLayout(self.outputs))),
                **{name: Out(counter_bits) for name in self.counter_names},
            }
        )

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        return layer_counters(self.outputs)

    @property
    def delay(self) -> int:
        """Clocks from accepting a cycle to offering its bits."""
        return 1

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return {
            "operands__payload": operands_meaning(self.shape),
            "operands__valid": "a cycle's bits are offered",
            "operands__ready": "an offered cycle is accepted in this clock",
            **layer_output_meanings(self.outputs),
        }

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        return [f"{self.outputs} neurons of {neuron_summary(self.shape)}"]

    def elaborate(self, platform: object) -> Module:
        """The circuit: the core and the counters."""
        m = Module()
        m.submodules.core = core = LayerCore(self.shape, self.outputs)
        wiring.connect(m, wiring.flipped(self.operands), core.operands)
        wiring.connect(m, core.output, wiring.flipped(self.output))
        count_output(m, self)
        return m


def count_output(m: Module, layer: Any) -> None:
    """Count what is taken of `layer.output` on the ports that `layer_counters` names."""
    output = layer.output
    taken = output.valid & output.ready
    events = [1, output.payload.last, *output.payload.bits]
    for name, event in zip(layer_counters(len(output.payload.bits)), events, strict=True):
        m.submodules[f"count_{name}"] = counter = EventCounter(layer.counter_bits)
        m.d.comb += [counter.amount.eq(taken & event), getattr(layer, name).eq(counter.count)]


def layer_output_meanings(outputs: int) -> dict[str, str]:
    """One line on each port of a layer's output and counters."""
    ones = {f"ones_{n}": f"ones put out by neuron {n}" for n in range(outputs)}
    return {
        "output__payload": "the neurons' bits, neuron 0 first; then whether the stream ends",
        "output__valid": "bits are offered, and held until they are accepted",
        "output__ready": "offered bits are accepted in this clock",
        "cycles": "cycles put out",
        "streams": "streams put out to their ends",
        **ones,
    }
