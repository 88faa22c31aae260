"""The AppWOM blocks: how each is made of a line plan, and what its sidecar adds to the ports."""

from typing import Any

from nvmcosim.hdl.line_controller import LINE_CYCLES, LineController
from nvmcosim.hdl.wom_codec import WomCodec
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.wom import APPWOM01, APPWOM10, WOM01, WOM10

__all__ = ["appwom_codec", "appwom_line"]


def appwom_codec(plan: LinePlan, rows: int, counter_bits: int) -> tuple[WomCodec, dict[str, Any]]:
    """The codec of a line; neither rows nor counters make a difference to it."""
    codes = {code.name: code for code in (WOM10, WOM01, APPWOM10, APPWOM01)}
    return WomCodec(plan.shape), {
        "parameters": {"groups": plan.line_groups, "polarities": plan.shape.units},
        "groups": _groups(plan),
        "codes": {
            name: {
                "polarity": code.polarity,
                "encode": code.encode.tolist(),
                "outcome": code.outcome.tolist(),
                "decode": code.decode.tolist(),
                "stage": code.stage.tolist(),
            }
            for name, code in codes.items()
        },
    }


def appwom_line(
    plan: LinePlan, rows: int, counter_bits: int
) -> tuple[LineController, dict[str, Any]]:
    """The controller of an array of `rows` lines."""
    controller = LineController(plan, rows, counter_bits=counter_bits)
    fewest, most = controller.command_cycles_range
    return controller, {
        "parameters": {"rows": rows, "counter_bits": counter_bits, "cells": controller.cells},
        "groups": _groups(plan),
        "pulses": {
            "read_cycles": plan.read_cycles,
            "set_cycles": plan.set_cycles,
            "reset_cycles": plan.reset_cycles,
        },
        "timing": {
            "command_cycles_fewest": fewest,
            "command_cycles_most": most,
            "command_cycles": LINE_CYCLES,
        },
    }


def _groups(plan: LinePlan) -> list[dict[str, Any]]:
    """A word's groups, in the order of the cells."""
    return [
        {
            "important_bit": group.important,
            "other_bit": group.other,
            "code": "AppWOM" if group.approximate else "WOM",
        }
        for group in plan.groups
    ]
