"""Proofs of the write controllers: every option of `store-domain` and of `pulse-gate`."""

from functools import cache

from nvmcosim.hdl.formal import Proof
from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.store_monitors import SAME_TABLE, gate_monitor, store_monitor
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.store_plan import Domain, StorePlan

__all__ = ["GATES", "STORES", "gate", "gate_proofs", "store", "store_proofs"]

_DOMAINS = (Domain(13, 15_000), Domain(2, 5_000), Domain(1, 0))
STORES = {
    "all": StorePlan("bf16", _DOMAINS),
    "changed": StorePlan("bf16", _DOMAINS, rewrite="changed"),
    "retry": StorePlan("bf16", _DOMAINS, retry_limit=1),
    "changed-retry": StorePlan("bf16", _DOMAINS, rewrite="changed", retry_limit=2),
}
#: Two stages of three are used at reset; codes have two bits and amplitudes one.
_GATE = StorePlan("bf16", (Domain(13, 15_000, 1.2), Domain(3, 5_000)))
GATES = {
    "all": _GATE,
    "changed": _GATE.replace(rewrite="changed"),
    "retry": _GATE.replace(retry_limit=1),
    "changed-retry": _GATE.replace(rewrite="changed", retry_limit=1),
}
#: The longest command takes less.
_DEPTH = 12
_STORE_SAYS = {
    "pulses": "a cell's pulses have its domain's length, and none reaches a bit without one; no "
    "read meets a pulse"
}
_GATE_SAYS = {
    "pulses": "a cell's pulses have the length and amplitude that the table gives its bit; no read "
    "meets a pulse, and no config write a command",
    "table": "table and map are what the accepted config writes make of them",
}


def store(plan: StorePlan) -> StoreController:
    """A controller of two rows; its counters, of one bit, are nobody's concern here."""
    return StoreController(plan, 2, counter_bits=1)


def gate(plan: StorePlan) -> PulseGate:
    """A gate of three stages."""
    return PulseGate(plan, 2, stages=3, code_bits=2, amplitudes=(None, 1.2), counter_bits=1)


@cache
def store_proofs() -> tuple[Proof, ...]:
    """Every combination of reading first and retries."""
    return tuple(
        Proof(
            f"store-domain/{name}",
            to_verilog(store(plan), "dut") + store_monitor(plan),
            _STORE_SAYS,
            depth=_DEPTH,
            method="sat",
        )
        for name, plan in STORES.items()
    )


@cache
def gate_proofs() -> tuple[Proof, ...]:
    """The same of gates, whatever is written to their table."""
    proofs = []
    for name, plan in GATES.items():
        dut = gate(plan)
        text = to_verilog(dut, "dut") + gate_monitor(dut.table)
        proofs.append(
            Proof(
                f"pulse-gate/{name}",
                text,
                _GATE_SAYS,
                depth=_DEPTH,
                method="sat",
                claims=SAME_TABLE,
            )
        )
    return tuple(proofs)
