"""The `nvmcosim` command line: finds the commands, shows a user's mistake as one sentence."""

import sys
from importlib import import_module

import typer

from nvmcosim.commands.options import terminable
from nvmcosim.pymodel.errors import InputError, ToolError

__all__ = ["app", "main"]

#: Modules of `nvmcosim.commands`, in the order of the help; each has a `register(app)`.
COMMANDS = (
    "list_",
    "calibrate",
    "verilog",
    "cosim",
    "prove",
    "data",
    "train",
    "study",
    "synth",
    "approximate",
    "optimize",
    "bench",
    "demo",
    "report",
)

app = typer.Typer(
    name="nvmcosim",
    help="Approximate non-volatile memory for neural-network training: device, RTL, accuracy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _name in COMMANDS:
    import_module(f"nvmcosim.commands.{_name}").register(app)


def main() -> None:
    """Run the command line; a wrong input is one sentence on standard error and exit code 2."""
    try:
        with terminable():
            app()
    except InputError as error:
        print(f"nvmcosim: {error}", file=sys.stderr)
        sys.exit(2)
    except ToolError as error:
        print(f"nvmcosim: {error}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as end:
        # typer makes this of an interrupt.
        if end.code == 130:
            told = "interrupted; the same command takes over what was finished"
            print(f"nvmcosim: {told}", file=sys.stderr)
        raise
