"""Words of a line as the data of its groups, and back (ho2021, Fig. 5)."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.wom_codec import DATA_BITS
from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["LineWords"]


class LineWords(wiring.Component):
    """Takes words apart into groups, and puts groups together to words; wires alone.

    Parameters:
        plan: the plan.

    Members, G being groups:
        words: In, an array of `plan.line_words`.
        data: Out `[2 * G]`, the same as groups, word 0 first.
        found: In `[2 * G]`, data of groups.
        reply: Out, the same as words.
    """

    def __init__(self, plan: LinePlan) -> None:
        self.plan = plan
        words = data.ArrayLayout(plan.width, plan.line_words)
        bits = DATA_BITS * plan.line_groups
        super().__init__(
            {"words": In(words), "data": Out(bits), "found": In(bits), "reply": Out(words)}
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit."""
        m = Module()
        bits = [
            (word, bit)
            for word in range(self.plan.line_words)
            for group in self.plan.groups
            for bit in (group.other, group.important)
        ]
        m.d.comb += [
            self.data.eq(Cat(self.words[word][bit] for word, bit in bits)),
            Cat(self.reply[word][bit] for word, bit in bits).eq(self.found),
        ]
        return m
