"""The AppWOM codec: encoders, decoders and stage detectors of all groups of a line (ho2021, III-B).

`pymodel.wom` defines groups, words, stages and polarity, and has the tables that the logic is made
of. Group 0 is in the low bits of every vector: its word in bits 2 to 0, its data in bits 1 and 0. A
*lane* is one bit of all groups at once.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from nvmcosim.hdl.cell_drivers import pick
from nvmcosim.hdl.table_logic import tabulated
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.wom import APPWOM10, CELLS, WOM10, Outcome, WomCode

__all__ = ["DATA_BITS", "STAGE_BITS", "StageDetector", "WomCodec", "WomDecoder", "WomEncoder"]

#: Bits of a group's data, and of its stage.
DATA_BITS = 2
STAGE_BITS = 2
_MEANINGS = {
    "words": "what the groups' cells hold, 3 bits a group, group 0 first",
    "polarity": "of each unit: 1 where cells move from 1 to 0, 0 where they move from 0 to 1",
    "data": "what is to be written, 2 bits a group; bit 1 is the important one",
    "encoded": "what the cells then hold; the same word where nothing is written",
    "exhausted": "groups whose cells cannot hold the data before a refresh",
    "ignored": "groups of which only the other bit differs, which stays as it is",
    "decoded": "what the groups hold, 2 bits a group",
    "stage": "stage of each word, 2 bits a group: 0 fresh, 1 first, 2 second, 3 impossible",
}


class WomEncoder(wiring.Component):
    """Says what writing does to groups of one code; combinational.

    Parameters:
        code: the code, of polarity 1.
        groups: number of groups, G.

    Members:
        words: In `[3 * G]`, what the cells hold.
        polarity: In `[G]`, of each group.
        data: In `[2 * G]`, what is to be written.
        encoded: Out `[3 * G]`, what the cells then hold.
        exhausted, ignored: Out `[G]`, whether that is the outcome.
    """

    def __init__(self, code: WomCode, groups: int) -> None:
        self.code = code
        super().__init__(
            {
                "words": In(CELLS * groups),
                "polarity": In(groups),
                "data": In(DATA_BITS * groups),
                "encoded": Out(CELLS * groups),
                "exhausted": Out(groups),
                "ignored": Out(groups),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the tables of polarity 1, between inverters that the polarity switches."""
        m = Module()
        outcome, inverted = self.code.outcome.ravel(), ~self.polarity
        cells = _named(m, "cell", [lane ^ inverted for lane in _lanes(self.words, CELLS)])
        inputs = [*_named(m, "bit", _lanes(self.data, DATA_BITS)), *cells]
        for k, lane in enumerate(_lanes(self.encoded, CELLS)):
            m.d.comb += lane.eq(tabulated(_bit(self.code.encode.ravel(), k), inputs) ^ inverted)
        m.d.comb += [
            self.exhausted.eq(tabulated(outcome == Outcome.EXHAUSTED, inputs)),
            self.ignored.eq(tabulated(outcome == Outcome.IGNORED, inputs)),
        ]
        return m


class WomDecoder(wiring.Component):
    """Reads groups of any code and polarity by the majority of their cells; combinational.

    Parameters:
        groups: number of groups, G.

    Members:
        words: In `[3 * G]`, what the cells hold.
        data: Out `[2 * G]`, what that means.
    """

    def __init__(self, groups: int) -> None:
        super().__init__({"words": In(CELLS * groups), "data": Out(DATA_BITS * groups)})

    def elaborate(self, platform: object) -> Module:
        """The circuit: the decoding that all codes share."""
        m = Module()
        cells = _named(m, "cell", _lanes(self.words, CELLS))
        for k, lane in enumerate(_lanes(self.data, DATA_BITS)):
            m.d.comb += lane.eq(tabulated(_bit(WOM10.decode, k), cells))
        return m


class StageDetector(wiring.Component):
    """Finds the stage of groups of one code; combinational.

    Parameters:
        code: the code, of polarity 1.
        groups: number of groups, G.

    Members:
        words: In `[3 * G]`, what the cells hold.
        polarity: In `[G]`, of each group.
        stage: Out `[2 * G]`, `pymodel.wom.Stage` of each word.
    """

    def __init__(self, code: WomCode, groups: int) -> None:
        self.code = code
        super().__init__(
            {
                "words": In(CELLS * groups),
                "polarity": In(groups),
                "stage": Out(STAGE_BITS * groups),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the table of polarity 1, after an inverter."""
        m = Module()
        shown = [lane ^ ~self.polarity for lane in _lanes(self.words, CELLS)]
        cells = _named(m, "cell", shown)
        for k, lane in enumerate(_lanes(self.stage, STAGE_BITS)):
            m.d.comb += lane.eq(tabulated(_bit(self.code.stage, k), cells))
        return m


class WomCodec(wiring.Component):
    """Encodes, decodes and finds the stage of every group of a line at once; combinational.

    Parameters:
        shape: the groups' codes and units; all else in it makes no difference.

    Members, G being groups and U units:
        words: In `[3 * G]`, what the cells hold.
        polarity: In `[U]`, of each unit.
        data: In `[2 * G]`, what is to be written.
        encoded: Out `[3 * G]`, what the cells then hold.
        exhausted: Out `[G]`, groups that must be refreshed first.
        ignored: Out `[G]`, groups of which the write changes nothing, though the other bit differs.
        decoded: Out `[2 * G]`, what the groups hold. Does not depend on `polarity`.
        stage: Out `[2 * G]`, `pymodel.wom.Stage` of each word.
    """

    block: ClassVar[str] = "appwom-codec"

    def __init__(self, shape: LineShape) -> None:
        self.shape = shape
        groups = shape.groups
        super().__init__(
            {
                "words": In(CELLS * groups),
                "polarity": In(shape.units),
                "data": In(DATA_BITS * groups),
                "encoded": Out(CELLS * groups),
                "exhausted": Out(groups),
                "ignored": Out(groups),
                "decoded": Out(DATA_BITS * groups),
                "stage": Out(STAGE_BITS * groups),
            }
        )

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return dict(_MEANINGS)

    @property
    def summary(self) -> list[str]:
        """What the hardware depends on, as lines of text."""
        near = sum(self.shape.approximate)
        return [
            f"{self.shape.groups} groups of 2 bits in 3 cells, {near} of them in AppWOM",
            f"{self.shape.units} polarities",
        ]

    def elaborate(self, platform: object) -> Module:
        """The circuit: a decoder for all groups, an encoder and a stage detector for each code."""
        m = Module()
        groups = self.shape.groups
        polarity = self.polarity.replicate(groups // self.shape.units)
        m.submodules.decoder = decoder = WomDecoder(groups)
        m.d.comb += [decoder.words.eq(self.words), self.decoded.eq(decoder.data)]
        for name, code, near in (("exact", WOM10, False), ("near", APPWOM10, True)):
            own = [n for n in range(groups) if self.shape.approximate[n] == near]
            if not own:
                continue
            m.submodules[f"{name}_encoder"] = encoder = WomEncoder(code, len(own))
            m.submodules[f"{name}_stage"] = detector = StageDetector(code, len(own))
            m.d.comb += [
                encoder.words.eq(_pick(self.words, own, CELLS)),
                encoder.polarity.eq(pick(polarity, own)),
                encoder.data.eq(_pick(self.data, own, DATA_BITS)),
                detector.words.eq(_pick(self.words, own, CELLS)),
                detector.polarity.eq(pick(polarity, own)),
                _pick(self.encoded, own, CELLS).eq(encoder.encoded),
                pick(self.exhausted, own).eq(encoder.exhausted),
                pick(self.ignored, own).eq(encoder.ignored),
                _pick(self.stage, own, STAGE_BITS).eq(detector.stage),
            ]
        return m


def _lanes(vector: Value, bits: int) -> list[Value]:
    """Bit k of every group of `vector`, for each k below `bits`."""
    return [vector[k::bits] for k in range(bits)]


def _named(m: Module, name: str, values: Sequence[Value]) -> list[Signal]:
    """Signals of these `values`, so that the Verilog has names for what it uses often."""
    signals = [Signal(len(value), name=f"{name}_{k}") for k, value in enumerate(values)]
    m.d.comb += [signal.eq(value) for signal, value in zip(signals, values, strict=True)]
    return signals


def _pick(vector: Value, groups: Sequence[int], bits: int) -> Value:
    """The `bits` bits of each of `groups`."""
    return Cat(vector.word_select(n, bits) for n in groups)


def _bit(table: NDArray[np.uint8], k: int) -> NDArray[np.bool_]:
    return table >> k & 1 == 1
