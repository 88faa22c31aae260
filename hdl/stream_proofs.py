"""Proofs of the stochastic blocks: junctions' controllers, banks and neurons."""

from functools import cache

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from nvmcosim.hdl.formal import Proof
from nvmcosim.hdl.isc_neuron import NeuronLogic
from nvmcosim.hdl.neuron_monitor import NEURON_PROPERTIES, neuron_monitor
from nvmcosim.hdl.sng_core import SngCore
from nvmcosim.hdl.sng_monitor import SNG_PROPERTIES, sng_monitor
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_neuron import OPERANDS, NeuronShape

__all__ = ["neuron_proofs", "sng_proof", "sng_proofs"]

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
        for name, member in core.signature.members.items():
            inner, outer = getattr(core, name), getattr(self, name)
            if member.is_port:
                m.d.comb += outer.eq(inner)
            else:
                wiring.connect(m, inner, wiring.flipped(outer))
        m.d.comb += [
            self.probe_last.eq(core.frame.last),
            self.probe_antiparallel.eq(core.antiparallel),
            self.probe_holds.eq(core.holds),
        ]
        return m


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
