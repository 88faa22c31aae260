"""`nvmcosim list`: the names that the other commands take."""

from contextlib import suppress

import typer

from nvmcosim.commands.options import JsonFlag, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("list")(list_names)


def list_names(json_output: JsonFlag = False) -> None:
    """List what other commands take: formats, devices, schemes, blocks, networks, studies."""
    from nvmcosim.commands.bench import BENCHES
    from nvmcosim.commands.study import STUDIES
    from nvmcosim.datasets import DATASETS
    from nvmcosim.hdl.block import BLOCKS
    from nvmcosim.pymodel.device.presets import IN_PLANE_PRESETS, PRESETS
    from nvmcosim.pymodel.device.sot import SOT_PRESETS
    from nvmcosim.pymodel.device.threshold import LAWS
    from nvmcosim.pymodel.fixed_point import FIXED_NAMES
    from nvmcosim.pymodel.formats import FORMATS
    from nvmcosim.pymodel.line_plan import SCHEMES
    from nvmcosim.pymodel.pcm_cell import PCM_CELLS
    from nvmcosim.views import VIEWS

    groups = {
        "formats": [*FORMATS, FIXED_NAMES],
        "laws": list(LAWS),
        "devices": [*PRESETS, *IN_PLANE_PRESETS, *SOT_PRESETS],
        "PCM cells": list(PCM_CELLS),
        "plans": list(VIEWS),
        "schemes": list(SCHEMES),
        "blocks": list(BLOCKS),
        "data sets": list(DATASETS),
        "studies": list(STUDIES),
        "benches": list(BENCHES),
    }
    # Networks are torch's, which need not be installed.
    with suppress(ModuleNotFoundError):
        from nvmcosim.networks import NETWORKS

        groups["networks"] = list(NETWORKS)
    if json_output:
        emit_json(groups)
        return
    for title, names in groups.items():
        console().print(f"{title}: {', '.join(names)}")
