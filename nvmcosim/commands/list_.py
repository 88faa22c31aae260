"""`nvmcosim list`: the names that the other commands take."""

import typer

from nvmcosim.commands.options import JsonFlag, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("list")(list_names)


def list_names(json_output: JsonFlag = False) -> None:
    """List formats, device laws, built-in junctions, plan kinds and hardware blocks."""
    from nvmcosim.hdl.block import BLOCKS
    from nvmcosim.pymodel.device.presets import PRESETS
    from nvmcosim.pymodel.device.threshold import LAWS
    from nvmcosim.pymodel.formats import FORMATS
    from nvmcosim.views import VIEWS

    groups = {
        "formats": list(FORMATS),
        "laws": list(LAWS),
        "devices": list(PRESETS),
        "plans": list(VIEWS),
        "blocks": list(BLOCKS),
    }
    if json_output:
        emit_json(groups)
        return
    for title, names in groups.items():
        console().print(f"{title}: {', '.join(names)}")
