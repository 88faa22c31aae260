"""What goes in and out of stochastic number generators: frames, bits, and the junctions' pins."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.pymodel.sng_shape import SngShape

__all__ = ["BitLayout", "FrameLayout", "JunctionSignature", "sng_port_meanings"]


class FrameLayout(data.StructLayout):
    """How one bit is to be made: `pymodel.golden_sng.Frame`."""

    def __init__(self, shape: SngShape) -> None:
        super().__init__(
            {"coarse": shape.coarse_bits, "fine": shape.fine_bits, "invert": 1, "last": 1}
        )


class BitLayout(data.StructLayout):
    """One bit of a stream, and whether it is the last."""

    def __init__(self) -> None:
        super().__init__({"bit": 1, "last": 1})


class JunctionSignature(wiring.Signature):
    """What a generator and its `junctions` exchange, seen from the generator.

    Members, all outputs registered (no glitches):
        reset, write, trim, read: Out `[junctions]`, drivers that are on in this clock, of a
            junction never two at once. In the clock of `trim` the write driver is on from the
            clock's start for as many steps as `fine` says; it follows `write` without a gap, or
            stands alone.
        fine: Out, an array of codes for the delay lines; 0 but under `trim`.
        sense: In `[junctions]`, 1 where antiparallel; looked at in the last clock of a read.
    """

    def __init__(self, shape: SngShape, junctions: int = 1) -> None:
        super().__init__(
            {
                **{name: Out(junctions) for name in ("reset", "write", "trim", "read")},
                "fine": Out(data.ArrayLayout(shape.fine_bits, junctions)),
                "sense": In(junctions),
            }
        )


def sng_port_meanings() -> dict[str, str]:
    """One line on each port of a generator's or bank's Verilog, by its name."""
    return {
        "numbers__payload": "number n, of p = n/2^p_bits; above 2^p_bits taken as that",
        "numbers__valid": "a number is offered",
        "numbers__ready": "an offered number is accepted in this clock",
        "output__payload": "bit 0 the bit, bit 1 whether it is the last of its number",
        "output__valid": "a bit is offered, and held until it is accepted",
        "output__ready": "an offered bit is accepted in this clock",
        "mtj__reset": "junctions that are reset to antiparallel in this clock",
        "mtj__write": "junctions that are written to parallel in this whole clock",
        "mtj__trim": "junctions that are written from this clock's start for mtj__fine steps",
        "mtj__read": "junctions that are sensed",
        "mtj__fine": "codes of the delay lines, junction 0 first; 0 but under mtj__trim",
        "mtj__sense": "1 where a junction is antiparallel, in the last clock of its mtj__read",
        "bits": "bits made",
        "ones": "bits made that are 1, after inversion",
        "resets": "reset pulses of the bits made",
        "pulses": "write pulses of the bits made",
    }
