"""Several controllers side by side in one module, so that one simulator build checks many plans."""

from collections.abc import Sequence
from typing import Self

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from nvmcosim.pymodel.errors import InputError

__all__ = ["Catalogue"]


class Catalogue(wiring.Component):
    """All of `controllers`, sharing nothing but clock and reset.

    The members of controller n are its own with `p<n>_` before their names: `p0_words`, `p0_array`,
    `p0_commands` and so on. All run on one clock, whatever the plans' `tick_ps`: pulses are right
    in clocks.

    Raises `InputError` if there are no controllers.
    """

    def __new__(cls, controllers: Sequence[wiring.Component]) -> Self:
        """Check the controllers first: Amaranth complains of components made but never used."""
        if not controllers:
            raise InputError("controllers is empty; a catalogue has at least one")
        return super().__new__(cls, src_loc_at=1)

    def __init__(self, controllers: Sequence[wiring.Component]) -> None:
        self.controllers = tuple(controllers)
        super().__init__(
            {
                f"p{n}_{name}": member
                for n, controller in enumerate(self.controllers)
                for name, member in controller.signature.members.items()
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the controllers, each wired to its own ports."""
        m = Module()
        for n, controller in enumerate(self.controllers):
            m.submodules[f"p{n}"] = controller
            for name, member in controller.signature.members.items():
                inner, outer = getattr(controller, name), getattr(self, f"p{n}_{name}")
                if member.is_port:
                    inward = member.flow == In
                    m.d.comb += inner.eq(outer) if inward else outer.eq(inner)
                else:
                    wiring.connect(m, inner, wiring.flipped(outer))
        return m
