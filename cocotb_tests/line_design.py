"""AppWOM blocks side by side in one module, as Verilog for a bench."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

from amaranth.lib import wiring

from nvmcosim.hdl.catalogue import Catalogue
from nvmcosim.hdl.line_controller import LineController
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.hdl.wom_codec import WomCodec
from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["LineDesign", "elaborate_codecs", "elaborate_lines"]

#: Name of the catalogue's module, which the bench sees.
_CATALOGUE = "catalogue"

C = TypeVar("C", bound=wiring.Component)


@dataclass(frozen=True)
class LineDesign(Generic[C]):
    """Verilog of some components side by side, whose ports Python sees as they are.

    Fields:
        verilog: the text.
        controllers: the components, for what they state of themselves.
        ports: the module's ports; those of component n begin with `p<n>_`.
    """

    verilog: str
    controllers: tuple[C, ...]
    ports: tuple[str, ...]

    @property
    def toplevel(self) -> str:
        """The module that a bench sees."""
        return _CATALOGUE

    def edited(self, edit: Callable[[str], str]) -> "LineDesign[C]":
        """The same design with other Verilog."""
        return replace(self, verilog=edit(self.verilog))


def elaborate_lines(plans: Sequence[LinePlan], lines: int) -> LineDesign[LineController]:
    """Elaborate a line controller for each of `plans`, each for an array of `lines` lines."""
    return _lines(tuple(plans), lines)


def elaborate_codecs(plans: Sequence[LinePlan]) -> LineDesign[WomCodec]:
    """Elaborate a codec for a line of each of `plans`."""
    return _codecs(tuple(plans))


@lru_cache(maxsize=8)
def _lines(plans: tuple[LinePlan, ...], lines: int) -> LineDesign[LineController]:
    return _design([LineController(plan, lines) for plan in plans], ("clk", "rst"))


@lru_cache(maxsize=8)
def _codecs(plans: tuple[LinePlan, ...]) -> LineDesign[WomCodec]:
    return _design([WomCodec(plan.shape) for plan in plans], ())


def _design(components: list[Any], clocking: tuple[str, ...]) -> LineDesign[Any]:
    text = to_verilog(Catalogue(components), _CATALOGUE)
    ports = [
        f"p{n}_" + "__".join(str(part) for part in path)
        for n, component in enumerate(components)
        for path, _, _ in component.signature.flatten(component)
    ]
    return LineDesign(text, tuple(components), (*clocking, *ports))
