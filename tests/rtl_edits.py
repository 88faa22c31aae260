"""Edits of a catalogue's Verilog that make wrong controllers of right ones."""

import re

__all__ = ["replace_in", "rewire", "rewire_input", "transplant"]


def rewire(text: str, port: str, expression: str, clocked: str = "was <= it;") -> str:
    """Put `expression` of what drove the catalogue's output `port`, called `it`, in its place.

    `was` is a register of the same width, 0 at first, that `clocked` sets at each rising edge.
    """
    found = re.search(rf"output (\[\d+:0\] )?{port};", text)
    assert found is not None
    width, it, was = found[1] or "", f"{port}_it", f"{port}_was"
    text, count = re.subn(rf"\({port}\)", f"({it})", text)
    assert count == 1
    added = f"""  wire {width}{it}; reg {width}{was}; initial {was} = 0;
  always @(posedge clk) begin {clocked} end
  assign {port} = {expression};
"""
    added = re.sub(r"\bit\b", it, re.sub(r"\bwas\b", was, added))
    head, tail = text.split("endmodule", 1)
    return head + added + "endmodule" + tail


def rewire_input(text: str, port: str, expression: str) -> str:
    """Put `expression` of the catalogue's input `port`, called `it`, before its controller."""
    edited = re.sub(r"\bit\b", port, expression)
    text, count = re.subn(rf"\({port}\)", f"({edited})", text)
    assert count == 1
    return text


def replace_in(text: str, n: int, before: str, after: str) -> str:
    """Put `after` in the place of `before`, which controller n's own module has once."""
    start = text.index(f"\nmodule \\catalogue.p{n} (")
    end = text.index("\nendmodule", start)
    assert text.count(before, start, end) == 1, before
    return text[:start] + text[start:end].replace(before, after) + text[end:]


def transplant(text: str, n: int, donor: str, m: int) -> str:
    """Put controller m of the catalogue `donor` in the place of controller n."""

    def parts(text: str, n: int) -> list[str]:
        pattern = rf"^module \\catalogue\.p{n}[ .].*?^endmodule\n"
        return re.findall(pattern, text, re.MULTILINE | re.DOTALL)

    new, old = parts(donor, m), parts(text, n)
    assert new
    assert old
    for part in old:
        text = text.replace(part, "")
    renamed = re.sub(rf"\\catalogue\.p{m}(?=[ .])", rf"\\catalogue.p{n}", "".join(new))
    return text + renamed
