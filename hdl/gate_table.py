"""The registers of a pulse gate's table and map, and the stream that writes them."""

from typing import Any

from amaranth.hdl import Module, ValueLike
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.pulse_table import ConfigKind, PulseTable

__all__ = ["ConfigLayout", "GateTable", "config_writes_told", "stage_bits"]


def stage_bits(shape: GateShape) -> int:
    """Width of an entry of the map; 0 where there is one stage."""
    return (shape.stages - 1).bit_length()


class ConfigLayout(data.StructLayout):
    """Payload of the config stream: `kind`, a `ConfigKind`; `index`; and `value`.

    Of `value` an entry takes the low bits, as many as it has.
    """

    def __init__(self, shape: GateShape) -> None:
        entries = max(shape.stages, shape.width)
        value_bits = max(shape.code_bits, shape.select_bits, stage_bits(shape))
        super().__init__(
            {"kind": ConfigKind, "index": (entries - 1).bit_length(), "value": value_bits}
        )


def config_writes_told(shape: GateShape) -> list[dict[str, Any]]:
    """The address map of a gate's config writes, as JSON-ready values; 0 bits: nothing to set."""
    select_bits = (len(shape.amplitudes) - 1).bit_length()
    told = {
        ConfigKind.CODE: ("stage", shape.stages, shape.code_bits, "clocks of its pulse; 0: none"),
        ConfigKind.AMPLITUDE: ("stage", shape.stages, select_bits, "its amplitude select"),
        ConfigKind.MAP: ("bit of a word", shape.width, stage_bits(shape), "its stage"),
    }
    return [
        {
            "name": kind.name.lower(),
            "kind": int(kind),
            "index": index,
            "entries": entries,
            "value_bits": bits,
            "meaning": meaning,
        }
        for kind, (index, entries, bits, meaning) in told.items()
    ]


class GateTable(wiring.Component):
    """Holds a pulse gate's table and map; reset puts `table` back.

    A config write shows from the clock after the one that accepts it. One to an entry that there is
    not, or of an unknown kind, is accepted and changes nothing. A single amplitude, or a single
    stage, has no registers: it is known.

    Parameters:
        table: the values at reset.

    Members:
        config: In, stream of `ConfigLayout`.
        enable: In, config writes are accepted in this clock.
        codes: Out, an array of each stage's clocks; registered.
        selects: Out, an array of each stage's amplitude select; registered.
        stage_map: Out, with more stages than one: an array of each bit's stage; registered. A bit
            of which it is no stage belongs to none.
    """

    def __init__(self, table: PulseTable) -> None:
        self.table = table
        shape = table.shape
        entries = data.ArrayLayout(shape.code_bits, shape.stages)
        selects = data.ArrayLayout(shape.select_bits, shape.stages)
        members: dict[str, wiring.Member] = {
            "config": In(stream.Signature(ConfigLayout(shape))),
            "enable": In(1),
            "codes": Out(entries, init=[*table.codes]),
            "selects": Out(selects, init=[*table.selects]),
        }
        if shape.stages > 1:
            stage_map = data.ArrayLayout(stage_bits(shape), shape.width)
            members["stage_map"] = Out(stage_map, init=[*table.stage_map])
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """The circuit: the registers, each with its own place in the address."""
        m = Module()
        shape, payload = self.table.shape, self.config.payload
        parts = {ConfigKind.CODE: (self.codes, shape.stages)}
        if len(shape.amplitudes) > 1:
            parts[ConfigKind.AMPLITUDE] = (self.selects, shape.stages)
        if shape.stages > 1:
            parts[ConfigKind.MAP] = (self.stage_map, shape.width)
        m.d.comb += self.config.ready.eq(self.enable)
        with m.If(self.config.valid & self.enable), m.Switch(payload.kind):
            for kind, (entries, count) in parts.items():
                with m.Case(kind), m.Switch(payload.index):
                    for n in range(count):
                        self._write(m, n, entries[n], payload.value)
        return m

    def _write(self, m: Module, place: int, entry: data.View, value: ValueLike) -> None:
        with m.Case(place):
            m.d.sync += entry.eq(value)
