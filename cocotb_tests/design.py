"""The design under test: a catalogue of store controllers as Verilog, in its harness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from nvmcosim.cocotb_tests.harness import Controller, Harness
from nvmcosim.hdl.catalogue import StoreCatalogue
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["Design", "elaborate"]

#: Name of the catalogue's module.
_CATALOGUE = "store_catalogue"


@dataclass(frozen=True)
class Design:
    """Verilog of some controllers side by side, and of the harness around them.

    Fields:
        catalogue: the controllers' Verilog.
        harness: the module around it.
        controllers: the components, for what they state of themselves.
    """

    catalogue: str
    harness: Harness
    controllers: tuple[StoreController, ...]

    @property
    def verilog(self) -> str:
        """All of it, as one text."""
        return self.catalogue + "\n" + self.harness.verilog()

    def edited(self, edit: Callable[[str], str]) -> "Design":
        """The same design with other Verilog for its controllers."""
        return replace(self, catalogue=edit(self.catalogue))


def elaborate(plans: Sequence[StorePlan], rows: int) -> Design:
    """Elaborate a controller for each of `plans`, each for an array of `rows` rows."""
    return _elaborated(tuple(plans), rows)


@lru_cache(maxsize=8)
def _elaborated(plans: tuple[StorePlan, ...], rows: int) -> Design:
    catalogue = StoreCatalogue(plans, rows)
    text = to_verilog(catalogue, _CATALOGUE)
    ports = tuple(
        Controller(
            prefix=f"p{n}_",
            columns=len(controller.array.drive),
            row_bits=len(controller.array.row),
            counters=controller.counter_names,
            counter_bits=controller.counter_bits,
        )
        for n, controller in enumerate(catalogue.controllers)
    )
    return Design(text, Harness(_CATALOGUE, ports), catalogue.controllers)
