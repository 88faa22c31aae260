"""A whole stochastic network: a bank of generators for each number, and layers on their bits."""

from typing import Any, ClassVar

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import popcount
from nvmcosim.hdl.bms_bank import BankCore
from nvmcosim.hdl.bms_sng import sng_summary
from nvmcosim.hdl.isc_layer import (
    LayerBitsLayout,
    LayerCore,
    layer_counters,
    layer_output_meanings,
    output_events,
)
from nvmcosim.hdl.isc_neuron import neuron_summary
from nvmcosim.hdl.sng_ports import JunctionSignature, sng_port_meanings
from nvmcosim.hdl.stream_base import StreamBlock
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.golden_sng import SNG_COUNTERS
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["IscNetwork", "SampleLayout"]


class SampleLayout(data.StructLayout):
    """One sample: the numbers that the network computes on.

    Fields: `x`, an array of the inputs' numbers; of layer l, `w<l>`, an array of the weights'
    numbers in the order of `OperandLayout.w`, and for magnitudes `negative<l>`.
    """

    def __init__(self, plan: StreamPlan) -> None:
        number = plan.p_bits + 1
        fields: dict[str, Any] = {"x": data.ArrayLayout(number, plan.layers[0])}
        for n, (shape, outputs) in enumerate(zip(plan.neurons, plan.layers[1:], strict=True)):
            weights = shape.inputs * outputs
            fields[f"w{n}"] = data.ArrayLayout(number, weights * shape.weight_streams)
            if shape.signed:
                fields[f"negative{n}"] = weights
        super().__init__(fields)


class IscNetwork(StreamBlock):
    """Computes the bits of the last layer's neurons for each sample, `plan.cycles` of each.

    Every number has a bank of `plan.phases` junctions of its own, and every sample fresh bits: bits
    that samples share would have to be stored. A layer takes a cycle when all its weights' bits and
    its inputs' bits are there, so that the output of cycle i depends on bit i of every stream.

    A sample is accepted when all banks take their numbers. `samples.ready` and `output.valid`
    depend on no input. Reset ends pulses at once and forgets samples and bits; offer no sample
    while it is on. Signs of magnitudes are those of the sample whose bits a layer works on: a
    sample with signs is accepted when the one before has left.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        samples: In, stream of `SampleLayout`.
        output: Out, stream of `LayerBitsLayout`.
        mtj: Out, `JunctionSignature` of all junctions, those of the numbers in the order of
            `SampleLayout`.
        an Out for each of `layer_counters(outputs)`, and generated_<c> for each of `SNG_COUNTERS`.

    Raises `InputError` for `counter_bits` out of range.
    """

    block: ClassVar[str] = "isc-network"

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        self.sng = SngShape.of(plan)
        self.layout = SampleLayout(plan)
        #: Numbers, the inputs' first, and of each layer.
        self.numbers = [plan.layers[0]] + [
            shape.inputs * outputs * shape.weight_streams
            for shape, outputs in zip(plan.neurons, plan.layers[1:], strict=True)
        ]
        self.junctions = sum(self.numbers) * plan.bank_phases
        members = {
            "samples": In(stream.Signature(self.layout)),
            "output": Out(stream.Signature(LayerBitsLayout(plan.layers[-1]))),
            "mtj": Out(JunctionSignature(self.sng, self.junctions)),
        }
        super().__init__(plan, members, counter_bits)

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        generated = (f"generated_{name}" for name in SNG_COUNTERS)
        return (*layer_counters(self.plan.layers[-1]), *generated)

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        sng = sng_port_meanings()
        return {
            "samples__payload": "numbers of inputs x, then of each layer's weights",
            "samples__valid": "a sample is offered",
            "samples__ready": "an offered sample is accepted in this clock",
            **{name: text for name, text in sng.items() if name.startswith("mtj__")},
            **layer_output_meanings(self.plan.layers[-1]),
            **{f"generated_{name}": f"of all banks: {sng[name]}" for name in SNG_COUNTERS},
        }

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        plan = self.plan
        return [
            f"{sum(self.numbers)} numbers of {plan.bank_phases} junctions each",
            *sng_summary(plan, self.sng),
            *(
                f"layer {n}: {outputs} neurons of {neuron_summary(shape)}"
                for n, (shape, outputs) in enumerate(
                    zip(plan.neurons, plan.layers[1:], strict=True)
                )
            ),
        ]

    def elaborate(self, platform: object) -> Module:
        """The circuit: banks, and layers that join their streams."""
        m = Module()
        plan = self.plan
        signs, free = self._signs(m)
        banks = self._banks(m, free)
        inputs, weights = banks[: self.numbers[0]], banks[self.numbers[0] :]
        # What a layer takes: bits, whether they are there, and what learns that they are taken.
        x = Cat(bank.output.payload.bit for bank in inputs)
        here: Value = Cat(bank.output.valid for bank in inputs).all()
        lasts: Value = Cat(bank.output.payload.last for bank in inputs)
        take = [bank.output.ready for bank in inputs]
        for n, (shape, outputs) in enumerate(zip(plan.neurons, plan.layers[1:], strict=True)):
            m.submodules[f"layer_{n}"] = layer = LayerCore(shape, outputs)
            own, weights = weights[: self.numbers[n + 1]], weights[self.numbers[n + 1] :]
            given = layer.operands
            m.d.comb += [
                given.valid.eq(here & Cat(bank.output.valid for bank in own).all()),
                given.payload.x.eq(x),
                given.payload.w.eq(Cat(bank.output.payload.bit for bank in own)),
                # All streams end in the same cycle.
                given.payload.last.eq(Cat(lasts, *(b.output.payload.last for b in own)).all()),
            ]
            if n in signs:
                m.d.comb += given.payload.negative.eq(signs[n])
            taken = given.valid & given.ready
            m.d.comb += [ready.eq(taken) for ready in (*take, *(b.output.ready for b in own))]
            output = layer.output
            x, here, take = output.payload.bits, output.valid, [output.ready]
            lasts = output.payload.last
        wiring.connect(m, layer.output, wiring.flipped(self.output))
        self.count(m, output_events(self.output))
        return m

    def _banks(self, m: Module, free: Value) -> list[BankCore]:
        """A bank for each number, all of which accept a sample together; and their counters."""
        plan, sample, mtj = self.plan, self.samples.payload, self.mtj
        fields = ["x", *(f"w{n}" for n in range(len(plan.neurons)))]
        numbers = [number for field in fields for number in sample[field]]
        banks = []
        for n, number in enumerate(numbers):
            bank = BankCore(self.sng, plan.cycles, plan.bank_phases)
            m.submodules[f"bank_{n}"] = bank
            own = slice(n * plan.bank_phases, (n + 1) * plan.bank_phases)
            fine = bank.mtj.fine.as_value()
            m.d.comb += [
                bank.numbers.payload.eq(number),
                bank.numbers.valid.eq(self.samples.valid & self.samples.ready),
                bank.mtj.sense.eq(mtj.sense[own]),
                mtj.fine.as_value().word_select(n, len(fine)).eq(fine),
            ]
            for name in ("reset", "write", "trim", "read"):
                m.d.comb += getattr(mtj, name)[own].eq(getattr(bank.mtj, name))
            banks.append(bank)
        m.d.comb += self.samples.ready.eq(free & Cat(b.numbers.ready for b in banks).all())
        width = min(self.counter_bits, self.junctions.bit_length())
        made = {
            f"generated_{name}": popcount([getattr(bank, f"made_{name}") for bank in banks], width)
            for name in SNG_COUNTERS
        }
        self.count(m, made, self.junctions)
        return banks

    def _signs(self, m: Module) -> tuple[dict[int, Signal], Value]:
        """Signs of the sample under way, by layer, and whether another sample may come."""
        layers = [n for n, shape in enumerate(self.plan.neurons) if shape.signed]
        if not layers:
            return {}, Const(1, 1)
        busy, output = Signal(), self.output
        accept = self.samples.valid & self.samples.ready
        with m.If(accept):
            m.d.sync += busy.eq(1)
        with m.Elif(output.valid & output.ready & output.payload.last):
            m.d.sync += busy.eq(0)
        signs = {}
        for n in layers:
            stated = self.samples.payload[f"negative{n}"]
            signs[n] = Signal(len(stated), name=f"negative{n}")
            with m.If(accept):
                m.d.sync += signs[n].eq(stated)
        return signs, ~busy
