"""What a pulse-gate bench run is told of one gate."""

from dataclasses import dataclass

from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.pulse_table import PulseTable
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["GateSpec"]


@dataclass(frozen=True)
class GateSpec:
    """A gate's plan at reset, and what it is made for beside it; None as in `GateShape.of`."""

    plan: StorePlan
    stages: int | None = None
    code_bits: int | None = None
    amplitudes: tuple[float | None, ...] | None = None

    @property
    def table(self) -> PulseTable:
        """The table at reset; raises `InputError` if the plan does not fit."""
        shape = GateShape.of(
            self.plan,
            stages=self.stages,
            code_bits=self.code_bits,
            amplitudes=self.amplitudes,
        )
        return PulseTable.of(self.plan, shape)

    def gate(self, rows: int) -> PulseGate:
        """The gate for an array of `rows` rows; raises `InputError` if there is none."""
        return PulseGate(
            self.plan,
            rows,
            stages=self.stages,
            code_bits=self.code_bits,
            amplitudes=self.amplitudes,
        )
