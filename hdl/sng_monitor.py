"""Monitor of a junction's controller: where in its frame each driver must be (mondal2018, III-B).

The monitor counts clocks of the frame and knows nothing of phases, timers or registered drivers.
"""

from nvmcosim.pymodel.sng_shape import SngShape

__all__ = ["SNG_PROPERTIES", "sng_monitor"]

#: Of one junction, whatever frames come, whatever is sensed, and whenever bits are taken and reset
#: comes. A frame's pulse fits into the write phase, as the tables' do.
SNG_PROPERTIES = {
    "apart": "of reset, write, trim and read never two are on at once",
    "reset": "a reset is on in exactly its clocks, from the frame's first, or not at all",
    "skips": "a reset is left out only where the last sensed bit was antiparallel",
    "write": "the write driver is on for exactly the coarse code, from the first write clock on",
    "trim": "the delay line gets the fine code, once, right after the whole clocks",
    "read": "a read is on in exactly its clocks, and no earlier than the bit before is gone",
    "bit": "the bit is what was sensed in the read's last clock, inverted where the frame says",
    "stays": "a bit on offer stays until it is taken, and no frame makes two",
    "prompt": "a frame takes its clocks, and as many more as the bit before waits",
    "events": "an ended frame says whether it was reset and pulsed, and its bit",
}

_TEXT = """
module monitor(input clk, rst, valid, take, sense, invert, last,
    input [{coarse}:0] coarse, input [{fine}:0] fine);
  wire ready, offers, reset, write, trim, read, ended, one, was_reset, pulsed;
  wire final, known, holding;
  wire [{fine}:0] steps; wire [1:0] bits;
  dut dut(.clk(clk), .rst(rst), .frames__valid(valid), .frames__ready(ready),
    .frames__payload({{last, invert, fine, coarse}}), .output__valid(offers),
    .output__ready(take), .output__payload(bits), .mtj__reset(reset), .mtj__write(write),
    .mtj__trim(trim), .mtj__read(read), .mtj__fine(steps), .mtj__sense(sense), .ended(ended),
    .one(one), .was_reset(was_reset), .pulsed(pulsed), .probe_last(final),
    .probe_antiparallel(known), .probe_holds(holding));
  always @* assume (coarse + (fine != 0) <= {write});

  // The frame: its clock, from 1, whether its read waits, and what it is to do.
  reg [7:0] at = 0; reg waits = 0, skip = 0, inverts = 0, ends = 0, high = 0;
  reg [{coarse}:0] whole = 0; reg [{fine}:0] rest = 0;
  reg held = 0; reg [1:0] holds = 0;
  wire finishes = at == {frame};
  wire accepts = valid && (at == 0 || finishes);
  wire free = !held || take;
  always @(posedge clk) begin
    if (held && take) held <= 0;
    if (finishes) begin held <= 1; holds <= {{ends, sense ^ inverts}}; high <= sense; at <= 0; end
    else if (at == {before_read}) begin waits <= !free; if (free) at <= at + 1; end
    else if (at != 0) at <= at + 1;
    if (accepts) begin
      at <= 1; skip <= {skips} && (finishes ? sense : high);
      inverts <= invert; ends <= last; whole <= coarse; rest <= fine;
    end
    if (rst) begin at <= 0; waits <= 0; held <= 0; high <= 0; end
  end

  wire in_reset = at != 0 && at <= {reset};
  wire [7:0] written = at - {reset} - 1;
  wire in_write = at > {reset} && at <= {before_read} && !waits;
  reg started = 0; always @(posedge clk) started <= 1;
  always @* if (started) begin
    prop_apart: assert (reset + write + trim + read <= 1);
    prop_reset: assert (reset == (in_reset && !skip));
    prop_skips: assert (known == high && (at == 0 || was_reset == !skip));
    prop_write: assert (write == (in_write && written < whole));
    prop_trim: assert (trim == (in_write && written == whole && rest != 0)
      && steps == (trim ? rest : 0));
    prop_read: assert (read == (at > {before_read}));
    prop_bit: assert (!offers || bits == holds);
    prop_stays: assert (offers == held);
    prop_prompt: assert (ready == (at == 0 || finishes) && ended == finishes
      && (at == 0 || final == ends) && holding == waits);
    prop_events: assert (at == 0 || one == (sense ^ inverts) && pulsed == (whole || rest));
  end
  // What follows from the rest, so that a state that none of them reaches is no premise.
  always @* if (started) begin
    prop_clock: assert (at <= {frame} && (!waits || at == {before_read} && held));
    prop_fits: assert (at == 0 || whole + (rest != 0) <= {write});
    prop_room: assert (at <= {before_read} || !held);
  end
endmodule
"""

#: Invariants of the monitor itself, named beside the properties.
_OWN = {
    "clock": "the monitor's own clock stays in its range",
    "fits": "the pulse under way fits into the write phase",
    "room": "while a bit is read the one before it is gone",
}
SNG_PROPERTIES |= _OWN


def sng_monitor(shape: SngShape) -> str:
    """A module around the probed `SngCore` `dut`, with the assertions of `SNG_PROPERTIES`."""
    return _TEXT.format(
        coarse=shape.coarse_bits - 1,
        fine=shape.fine_bits - 1,
        reset=shape.reset_cycles,
        write=shape.write_cycles,
        before_read=shape.reset_cycles + shape.write_cycles,
        frame=shape.frame_cycles,
        skips=int(shape.skips_reset),
    )
