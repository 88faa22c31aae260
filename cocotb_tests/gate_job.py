"""What the cocotb side of the pulse-gate bench needs to know beside commands, as arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.gate_stimulus import GateStimulus
from nvmcosim.cocotb_tests.harness import Harness
from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.pymodel.pulse_table import ConfigWrite

__all__ = ["config_job", "gate_threshold_job", "longest_command"]


def config_job(
    gates: Sequence[PulseGate], stimuli: Sequence[GateStimulus], harness: Harness
) -> dict[str, NDArray[Any]]:
    """Config writes, and what columns are to do after each.

    Keys: `select_bits`, of a bit's select; by controller `width`, bits of a word, `config_count`,
    how many writes there are, `config_after`, `config_pauses` `[writes, controllers]`,
    `config_payload` `[writes, controllers, bits]` and `hold` `[vectors, controllers]`; by column
    `planned`, clocks of its pulse, and `selects`, its amplitude, after 0, 1, 2, ... writes,
    `[writes + 1, columns]`. Beyond a controller's last write its entries mean nothing.
    """
    counts = [len(stimulus.writes) for stimulus in stimuli]
    most = max(1, *counts)
    payload_bits = harness.config_bits
    payload = np.zeros((most, len(gates), payload_bits), bool)
    for n, (gate, stimulus) in enumerate(zip(gates, stimuli, strict=True)):
        for place, write in enumerate(stimulus.writes):
            value = _payload(gate, write)
            payload[place, n] = [value >> bit & 1 for bit in range(payload_bits)]

    def padded(rows: NDArray[Any], size: int) -> NDArray[Any]:
        return np.pad(rows, [(0, size - len(rows))] + [(0, 0)] * (rows.ndim - 1))

    def by_column(name: str) -> NDArray[np.int64]:
        parts = []
        for gate, stimulus in zip(gates, stimuli, strict=True):
            rows = np.stack([getattr(table, name) for table in stimulus.tables])
            parts.append(padded(np.tile(rows, gate.plan.bank_words), most + 1))
        return np.concatenate(parts, axis=1)

    return {
        "config_count": np.array(counts),
        "config_after": np.stack([padded(s.after, most) for s in stimuli], axis=1),
        "config_pauses": np.stack([padded(s.pauses, most) for s in stimuli], axis=1),
        "config_payload": payload,
        "hold": np.stack([s.hold for s in stimuli], axis=1),
        "planned": by_column("bit_cycles"),
        "selects": by_column("bit_selects"),
        "select_bits": np.array(harness.select_bits),
        "width": np.array([gate.plan.width for gate in gates]),
    }


def _payload(gate: PulseGate, write: ConfigWrite) -> int:
    layout = gate.config.payload.shape()
    fields = {"kind": int(write.kind), "index": write.index, "value": write.value}
    return sum(value << layout[name].offset for name, value in fields.items())


def gate_threshold_job(
    gates: Sequence[PulseGate], stimuli: Sequence[GateStimulus]
) -> dict[str, NDArray[Any]]:
    """The fields of a `ThresholdTable` for all columns, each name after `threshold_`."""
    parts: dict[str, list[NDArray[np.int64]]] = {}
    start = 0
    for gate, stimulus in zip(gates, stimuli, strict=True):
        plan, values = gate.plan, stimulus.thresholds_ps
        cells, attempts = plan.bank_words * plan.width, 1 + plan.retry_limit
        cycle = plan.variation == "cycle"
        own = {
            "row_stride": 0 if cycle else cells,
            "command_stride": attempts * cells if cycle else 0,
            "attempt_stride": cells if cycle else 0,
            "attempts": attempts if cycle else 1,
            "select_stride": values[0].size,
        }
        parts.setdefault("base", []).append(start + np.arange(cells))
        for name, value in own.items():
            parts.setdefault(name, []).append(np.full(cells, value))
        start += values.size
    job = {f"threshold_{name}": np.concatenate(part) for name, part in parts.items()}
    values = np.concatenate([stimulus.thresholds_ps.ravel() for stimulus in stimuli])
    return {"threshold_values": values, **job}


def longest_command(gates: Sequence[PulseGate], stimuli: Sequence[GateStimulus]) -> int:
    """The most clocks that a command takes with any of the tables."""
    return max(
        gate.command_cycles_range([max(max(table.codes) for table in stimulus.tables)])[1]
        for gate, stimulus in zip(gates, stimuli, strict=True)
    )
