"""Proofs of the stochastic blocks: junctions' controllers, banks and neurons."""

from functools import cache

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from nvmcosim.hdl.bank_monitor import BANK_PROPERTIES, bank_monitor
from nvmcosim.hdl.bms_bank import BankCore
from nvmcosim.hdl.formal import Proof
from nvmcosim.hdl.isc_neuron import NeuronLogic
from nvmcosim.hdl.neuron_monitor import NEURON_PROPERTIES, neuron_monitor
from nvmcosim.hdl.sng_core import SngCore
from nvmcosim.hdl.sng_monitor import SNG_PROPERTIES, sng_monitor
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_neuron import OPERANDS, NeuronShape

__all__ = ["bank_proofs", "neuron_proofs", "sng_proof", "sng_proofs"]

#: Phases of every length, short ones, so that a frame fits into the induction's depth.
_CODES = ((0, 1, 2, 1, 0), (0, 3, 1, 3, 0), (True, True, False, False, False))
_SHAPES = {
    "changed": SngShape(*_CODES, 2, 3, 2),
    "always": SngShape(*_CODES, 1, 3, 1, skips_reset=False),
    "one-clock": SngShape((0, 0, 0, 1, 0), (0, 3, 0, 0, 0), (False,) * 5, 3, 1, 1),
}
_NEURONS = [
    *(NeuronShape(n, k, s, o) for o in OPERANDS for n, k, s in ((3, 8, None), (1, 2, 0))),
    NeuronShape(5, 14, 13, "shared"),
]


class _Probed(wiring.Component):
    """A core that shows what it remembers while no driver is on."""

    def __init__(self, shape: SngShape) -> None:
        self.core = SngCore(shape)
        probes = {f"probe_{name}": Out(1) for name in ("last", "antiparallel", "holds")}
        super().__init__({**self.core.signature.members, **probes})

    def elaborate(self, platform: object) -> Module:
        """The core, two of its registers, and whether its read waits."""
        m = Module()
        m.submodules.core = core = self.core
        _pass_on(m, core, self)
        m.d.comb += [
            self.probe_last.eq(core.frame.last),
            self.probe_antiparallel.eq(core.antiparallel),
            self.probe_holds.eq(core.holds),
        ]
        return m


class _ProbedBank(wiring.Component):
    """A bank that shows whose turn it is and which bits wait."""

    def __init__(self, shape: SngShape, length: int, junctions: int) -> None:
        self.core = BankCore(shape, length, junctions)
        names = ("valid", "bit", "accept", "ready", "waits")
        probes = {f"probe_{name}": Out(junctions) for name in names}
        probes["probe_legal"] = Out(junctions + 1)
        due = {"probe_due": Out(len(self.core.offers))}
        super().__init__({**self.core.signature.members, **probes, **due})

    def elaborate(self, platform: object) -> Module:
        """The bank, and its cores' outputs."""
        m = Module()
        m.submodules.core = core = self.core
        _pass_on(m, core, self)
        m.d.comb += [
            self.probe_valid.eq(Cat(each.output.valid for each in core.cores)),
            self.probe_bit.eq(Cat(each.output.payload.bit for each in core.cores)),
            self.probe_ready.eq(Cat(each.frames.ready for each in core.cores)),
            self.probe_accept.eq(Cat(each.frames.ready & each.frames.valid for each in core.cores)),
            # Of this shape's frames none is inverted, and none has both codes.
            self.probe_legal.eq(
                Cat(
                    ~frame.invert & ~((frame.coarse != 0) & (frame.fine != 0))
                    for frame in [core.cores[0].frames.payload, *(c.frame for c in core.cores)]
                )
            ),
            self.probe_waits.eq(Cat(each.holds for each in core.cores)),
            self.probe_due.eq(core.offers),
        ]
        return m


def _pass_on(m: Module, core: wiring.Component, outer: wiring.Component) -> None:
    """Connect the ports of `core` to those of the same names of what is around it."""
    for name, member in core.signature.members.items():
        if member.is_port:
            m.d.comb += getattr(outer, name).eq(getattr(core, name))
        else:
            wiring.connect(m, getattr(core, name), wiring.flipped(getattr(outer, name)))


@cache
def bank_proofs() -> tuple[Proof, ...]:
    """Banks of three junctions, with frames of three clocks, and streams of one bit and more."""
    shape = SngShape((0, 0, 0, 1, 0), (0, 3, 0, 0, 0), (False,) * 5, 1, 1, 1)
    return tuple(
        Proof(
            f"bms-bank/{length}",
            to_verilog(_ProbedBank(shape, length, 3), "dut")
            + bank_monitor(3, shape.number_bits, shape.frame_cycles),
            BANK_PROPERTIES,
            depth=4 * shape.frame_cycles + 2,
        )
        for length in (1, 2, 5)
    )


@cache
def sng_proofs() -> tuple[Proof, ...]:
    """Junctions' controllers with each rule of resets, and with phases of a clock."""
    return tuple(sng_proof(f"bms-sng/{name}", shape) for name, shape in _SHAPES.items())


def sng_proof(name: str, shape: SngShape) -> Proof:
    """What is to be proved of a controller of `shape`."""
    text = to_verilog(_Probed(shape), "dut") + sng_monitor(shape)
    # From any clock of a frame to the end of the next.
    return Proof(name, text, SNG_PROPERTIES, 2 * shape.frame_cycles + 2)


@cache
def neuron_proofs() -> tuple[Proof, ...]:
    """Neurons of every operand."""
    return tuple(
        Proof(
            f"isc-neuron/{shape.operand}-{shape.inputs}",
            to_verilog(NeuronLogic(shape), "dut") + neuron_monitor(shape),
            NEURON_PROPERTIES,
            depth=2,
        )
        for shape in _NEURONS
    )
