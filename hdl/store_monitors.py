"""Monitors of the write controllers: what pulses cells may see, whatever comes.

A monitor knows the plan but not the circuit. It raises `bad` when a cell that no pulse reaches is
driven, when a read and a pulse meet, or when a cell's pulse is longer or shorter than planned.
"""

from collections.abc import Sequence

from nvmcosim.pymodel.pulse_table import PulseTable
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["SAME_TABLE", "gate_monitor", "store_monitor"]

#: The registers of a gate's table are those of its monitor, which keeps them from the config stream
#: alone.
SAME_TABLE = " ".join(f"-prove dut.table.{r} {r}" for r in ("codes", "selects", "stage_map"))


def store_monitor(plan: StorePlan) -> str:
    """A module around `dut` for two rows of one 16-bit word, with an output `bad`.

    It looks at bits 0 to 3 and 15, so domains must have their edges there, and bit 0 no pulse.
    """
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


def gate_monitor(table: PulseTable) -> str:
    """A module around `dut` that keeps the table itself, with an output `bad`.

    The gate holds `table` at reset, of three stages with codes of two bits and two amplitudes. A
    bit may be of any stage, or of none; a stage has any pulse.
    """
    reset = (
        f"codes <= {_packed(table.codes, 2)}; selects <= {_packed(table.selects, 1)}; "
        f"stage_map <= {_packed(table.stage_map, 2)};"
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


def _packed(values: Sequence[int], bits: int) -> str:
    number = sum(value << bits * n for n, value in enumerate(values))
    return f"{bits * len(values)}'d{number}"
