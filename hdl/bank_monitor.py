"""Monitor of a bank whose reads take one clock: whose bit comes out, and how often."""

__all__ = ["BANK_PROPERTIES", "bank_monitor"]

#: Of a bank of as many junctions as a frame has clocks, whatever numbers come and is sensed.
BANK_PROPERTIES = {
    "order": "bits leave in the junctions' order, each as its junction was sensed at last",
    "phases": "every junction goes through reset, write and read in turn, in their clocks",
    "apart": "on no junction two drivers are ever on at once",
    "one_read": "while no bit waits, junctions are read one at a time",
    "every_clock": "since reset numbers were always offered and bits taken: a bit in every clock",
    "stays": "a bit on offer stays until it is taken",
}

_TEXT = """
module monitor(input clk, rst, valid, take, input [{number}:0] number, input [{junction}:0] sense);
  wire ready, offers; wire [1:0] bits; wire [{junction}:0] reset, write, trim, read, held, holds;
  wire [{junction}:0] accepts, ready_each, waits_each; wire [{junction} + 1:0] legal;
  wire [{turn}:0] due;
  dut dut(.clk(clk), .rst(rst), .numbers__valid(valid), .numbers__ready(ready),
    .numbers__payload(number), .output__valid(offers), .output__ready(take),
    .output__payload(bits), .mtj__reset(reset), .mtj__write(write), .mtj__trim(trim),
    .mtj__read(read), .mtj__sense(sense), .probe_valid(held), .probe_bit(holds), .probe_due(due),
    .probe_accept(accepts), .probe_ready(ready_each), .probe_waits(waits_each),
    .probe_legal(legal));

  reg [{junction}:0] memory; reg [{turn}:0] next = 0; reg [7:0] clocks = 0;
  reg started = 0, calm = 1;
  reg waits = 0; reg [1:0] waiting;
  integer k;
  always @(posedge clk) begin
    started <= 1; waits <= offers && !take && !rst; waiting <= bits;
    for (k = 0; k <= {junction}; k = k + 1) if (read[k]) memory[k] <= sense[k];
    if (offers && take) next <= next == {junction} ? 0 : next + 1;
    clocks <= clocks < {first} ? clocks + 1 : clocks; calm <= calm && valid && take;
    if (rst) begin next <= 0; clocks <= 0; calm <= 1; end
  end
  wire [{junction}:0] twice = reset & write | reset & trim | reset & read | write & trim
    | write & read | trim & read;
  // The clock of each junction's frame, from 1, and whether its read waits.
  wire [{junction}:0] phases; genvar j;
  generate for (j = 0; j <= {junction}; j = j + 1) begin : frame_of
    reg [1:0] at = 0; reg waiting_here = 0;
    wire free = !held[j] || take && due == j;
    always @(posedge clk) begin
      if (at == 3) at <= 0;
      else if (at == 2) begin waiting_here <= !free; if (free) at <= 3; end
      else if (at == 1) at <= 2;
      if (accepts[j]) at <= 1;
      if (rst) begin at <= 0; waiting_here <= 0; end
    end
    assign phases[j] = ready_each[j] == (at == 0 || at == 3) && read[j] == (at == 3)
      && waits_each[j] == waiting_here && (!waiting_here || at == 2 && held[j])
      && (!reset[j] || at == 1) && (!write[j] && !trim[j] || at == 2 && !waiting_here)
      && (at != 3 || !held[j]);
  end endgenerate
  always @* if (started) begin
    prop_phases: assert (&phases && &legal);
    prop_order: assert (due == next && (held & (holds ^ memory)) == 0
      && (!offers || bits[0] == memory[next]));
    prop_apart: assert (twice == 0);
    prop_one_read: assert (!calm || (read & (read - 1)) == 0);
    prop_every_clock: assert (!calm || clocks < {first} || offers);
    prop_stays: assert (!waits || offers && bits == waiting);
  end
endmodule
"""


def bank_monitor(junctions: int, number_bits: int, frame_cycles: int) -> str:
    """A module around the probed `BankCore` `dut`, with the assertions of `BANK_PROPERTIES`."""
    return _TEXT.format(
        junction=junctions - 1,
        number=number_bits - 1,
        turn=max(1, (junctions - 1).bit_length()) - 1,
        first=frame_cycles + 2,
    )
