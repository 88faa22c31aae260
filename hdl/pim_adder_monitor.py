"""Monitor of a full adder as logic: sum and carry by counting, and operands kept (wang2020)."""

from collections.abc import Iterable

__all__ = ["ADDER_PROPERTIES", "adder_monitor"]

#: Of a full adder, for all operands.
ADDER_PROPERTIES = {
    "sum": "the sum is 1 where one or three of X, Y and Z are",
    "carry": "the carry is 1 where at least two of X, Y and Z are",
    "kept": "X, Y and Z are as they were after every step",
}


def adder_monitor(steps: Iterable[int]) -> str:
    """A module around the adder `dut`, with the assertions of `ADDER_PROPERTIES`.

    Beside it are `dut_1` and so on, what X, Y and Z hold after each of `steps`; for an adder that
    overwrites its operands there are none, and nothing says that they are kept.
    """
    after = list(steps)
    lines = ["module monitor(input x, y, z);", "  wire sum, carry;"]
    lines.append("  dut dut(.x(x), .y(y), .z(z), .sum(sum), .carry(carry));")
    for n in after:
        ports = ", ".join(f".{name}_after({name}_{n})" for name in "xyz")
        lines.append(f"  wire x_{n}, y_{n}, z_{n};")
        lines.append(f"  dut_{n} dut_{n}(.x(x), .y(y), .z(z), {ports});")
    lines += [
        "  wire [1:0] ones = x + y + z;",
        "  always @* begin",
        "    prop_sum: assert (sum == (ones == 1 || ones == 3));",
        "    prop_carry: assert (carry == (ones >= 2));",
    ]
    if after:
        kept = " && ".join(f"{{x_{n}, y_{n}, z_{n}}} == {{x, y, z}}" for n in after)
        lines.append(f"    prop_kept: assert ({kept});")
    return "\n".join([*lines, "  end", "endmodule", ""])
