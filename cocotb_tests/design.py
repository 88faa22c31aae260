"""The design under test: a catalogue of controllers as Verilog, in its harness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Generic, TypeVar

from nvmcosim.cocotb_tests.gate_spec import GateSpec
from nvmcosim.cocotb_tests.harness import TOPLEVEL, Controller, Harness
from nvmcosim.hdl.catalogue import Catalogue
from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.hdl.write_controller import WriteController
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["Design", "elaborate", "elaborate_gates"]

#: Name of the catalogue's module.
_CATALOGUE = "catalogue"


C = TypeVar("C", bound=WriteController)


@dataclass(frozen=True)
class Design(Generic[C]):
    """Verilog of some controllers side by side, and of the harness around them.

    Fields:
        catalogue: the controllers' Verilog.
        harness: the module around it.
        controllers: the components, for what they state of themselves.
    """

    catalogue: str
    harness: Harness
    controllers: tuple[C, ...]

    @property
    def verilog(self) -> str:
        """All of it, as one text."""
        return self.catalogue + "\n" + self.harness.verilog()

    @property
    def toplevel(self) -> str:
        """The module that a bench sees."""
        return TOPLEVEL

    @property
    def ports(self) -> tuple[str, ...]:
        """Its ports."""
        return self.harness.ports

    def edited(self, edit: Callable[[str], str]) -> "Design[C]":
        """The same design with other Verilog for its controllers."""
        return replace(self, catalogue=edit(self.catalogue))


def elaborate(plans: Sequence[StorePlan], rows: int) -> Design[StoreController]:
    """Elaborate a store controller for each of `plans`, each for an array of `rows` rows."""
    return _stores(tuple(plans), rows)


def elaborate_gates(specs: Sequence[GateSpec], rows: int) -> Design[PulseGate]:
    """Elaborate a pulse gate for each of `specs`, each for an array of `rows` rows."""
    return _gates(tuple(specs), rows)


@lru_cache(maxsize=8)
def _stores(plans: tuple[StorePlan, ...], rows: int) -> Design[StoreController]:
    controllers = tuple(StoreController(plan, rows) for plan in plans)
    ports = (_controller(n, controller) for n, controller in enumerate(controllers))
    return _design(controllers, tuple(ports))


@lru_cache(maxsize=8)
def _gates(specs: tuple[GateSpec, ...], rows: int) -> Design[PulseGate]:
    gates = tuple(spec.gate(rows) for spec in specs)
    ports = (
        replace(
            _controller(n, gate),
            config_bits=gate.config.payload.shape().size,
            select_bits=gate.shape.select_bits,
            width=gate.plan.width,
        )
        for n, gate in enumerate(gates)
    )
    return _design(gates, tuple(ports))


def _controller(n: int, controller: WriteController) -> Controller:
    return Controller(
        prefix=f"p{n}_",
        columns=len(controller.array.drive),
        row_bits=len(controller.array.row),
        counters=controller.counter_names,
        counter_bits=controller.counter_bits,
    )


def _design(controllers: tuple[C, ...], ports: tuple[Controller, ...]) -> Design[C]:
    text = to_verilog(Catalogue(controllers), _CATALOGUE)
    return Design(text, Harness(_CATALOGUE, ports), controllers)
