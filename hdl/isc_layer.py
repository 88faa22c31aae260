"""A layer of integral-stochastic neurons on the same inputs (mondal2018, Fig. 1c)."""

from typing import Any, ClassVar

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.isc_neuron import (
    NeuronLogic,
    OperandLayout,
    neuron_summary,
    operands_meaning,
    step_neurons,
)
from nvmcosim.hdl.stream_base import StreamBlock
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.stream_plan import StreamPlan

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


class IscLayer(StreamBlock):
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

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        self.shape, self.outputs = plan.neurons[0], plan.layers[1]
        members = {
            "operands": In(stream.Signature(OperandLayout(self.shape, self.outputs))),
            "output": Out(stream.Signature(LayerBitsLayout(self.outputs))),
        }
        super().__init__(plan, members, counter_bits)

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
        self.count(m, output_events(self.output))
        return m


def output_events(output: Any) -> dict[str, Value]:
    """What of `output`, a layer's, is taken in this clock, by the names of `layer_counters`."""
    taken = output.valid & output.ready
    events = [Const(1), output.payload.last, *output.payload.bits]
    names = layer_counters(len(output.payload.bits))
    return {name: taken & event for name, event in zip(names, events, strict=True)}


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
