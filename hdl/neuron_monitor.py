"""Monitor of the neuron: S and the counter as sums of signed numbers (mondal2018, Fig. 5a)."""

from nvmcosim.pymodel.stream_neuron import NeuronShape

__all__ = ["NEURON_PROPERTIES", "neuron_monitor"]

#: Of a neuron, whatever bits and signs come, in any cycles.
NEURON_PROPERTIES = {
    "range": "the counter is in [0, K - 1]",
    "adder": "the counter moves by the sum of the terms, taken one by one, or as far as it can",
    "output": "the output bit is 1 exactly where the counter after the sum is at least K/2",
    "restart": "after a stream's last cycle the counter is in its first state, and only then",
    "holds": "without a step nothing changes",
    "clips": "a clipped sum is told, and no other",
}

_TEXT = """
module monitor(input clk, rst, step, last, input [{n}:0] x, negative, input [{w}:0] w);
  wire bit_on, clips; wire [{k}:0] state;
  dut dut(.clk(clk), .rst(rst), .step(step), .last(last), .x(x), .w(w){signs},
    .bit(bit_on), .state(state), .clips(clips));

  // S, term by term.
  reg signed [31:0] total; integer i;
  always @* begin
    total = 0;
    for (i = 0; i <= {n}; i = i + 1) begin
{terms}
    end
  end
  wire signed [31:0] moved = $signed({{1'b0, state}}) + total;
  wire signed [31:0] clipped = moved < 0 ? 0 : moved > {most} ? {most} : moved;

  reg started = 0, stepped = 0, ended = 0, cleared = 0, expected_bit, bit_was;
  reg [{k}:0] expected, state_was;
  always @(posedge clk) begin
    started <= 1; stepped <= step && !rst; ended <= last; cleared <= rst;
    expected <= clipped; expected_bit <= clipped >= {half};
    state_was <= state; bit_was <= bit_on;
  end
  always @* if (started) begin
    prop_range: assert (state <= {most});
    if (stepped && !ended) prop_adder: assert (state == expected);
    if (stepped) prop_output: assert (bit_on == expected_bit);
    if (stepped && ended || cleared) prop_restart: assert (state == {first});
    if (!stepped && !cleared) prop_holds: assert (state == state_was && bit_on == bit_was);
    prop_clips: assert (clips == (moved != clipped));
  end
endmodule
"""


def neuron_monitor(shape: NeuronShape) -> str:
    """A module around the `NeuronLogic` `dut`, with the assertions of `NEURON_PROPERTIES`."""

    def sign(bit: str) -> str:
        return f"({bit} ? 1 : -1)"

    product = f"{sign('w[i]')} * {sign('x[i]')}"
    second = f"w[{shape.inputs} + i]" if shape.weight_streams > 1 else "w[i]"
    weight = "(negative[i] ? -1 : 1) * (w[i] ? 1 : 0)"
    term = {
        "shared": f"{product} + {sign(second)}",
        "separate": f"{product} + {sign(second)}",
        "bipolar": product,
        "magnitude": f"{weight} * (x[i] ? 1 : 0)",
        "magnitude-bipolar": f"{weight} * {sign('x[i]')}",
    }[shape.operand]
    return _TEXT.format(
        n=shape.inputs - 1,
        w=shape.inputs * shape.weight_streams - 1,
        k=shape.state_bits - 1,
        most=shape.states - 1,
        half=shape.half,
        first=shape.first_state,
        signs=", .negative(negative)" if shape.signed else "",
        terms=f"      total = total + {term};",
    )
