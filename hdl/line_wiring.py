"""Monitor of the wiring between words and groups: which bits a group has (ho2021, Fig. 5).

It knows the format by the names of its bits: S, then E1 and so on, then M1 and so on, from the most
significant bit down. All pairs are adjacent ones from the top, until the fraction bits are left
that AppWOM takes: their upper half are important, each with the bit of the lower half in the same
place.
"""

from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["WIRING_PROPERTIES", "wiring_monitor"]

#: Of every word and group, for all words and data at once.
WIRING_PROPERTIES = {
    "pairs": "group g of word w is the pair of bits that the plan says",
    "replies": "a reply's word has a group's data in the same two bits",
    "round_trip": "words that are taken apart and put together are the same",
}


def _pairs(plan: LinePlan) -> list[tuple[int, int]]:
    """Bits of each group of a word, the important one first, by counting names."""
    assert plan.app_groups is not None
    near = 0 if plan.scheme == "wom-set" else plan.app_groups
    left = list(range(plan.width))
    pairs = []
    while len(left) > 2 * near:
        first = left.pop()
        pairs.append((first, left.pop()))
    upper, lower = left[near:], left[:near]
    return pairs + list(zip(upper[::-1], lower[::-1], strict=True))


def wiring_monitor(plan: LinePlan) -> str:
    """A module around two `LineWords`, one after the other, with these properties."""
    bits, width = plan.width * plan.line_words, plan.width
    # As Verilog puts bits together: the last word's last group first, its important bit first.
    places = [
        word * width + bit
        for word in reversed(range(plan.line_words))
        for pair in reversed(_pairs(plan))
        for bit in pair
    ]

    def paired(name: str) -> str:
        return f"{{{', '.join(f'{name}[{bit}]' for bit in places)}}}"

    rules = {
        "pairs": f"data == {paired('words')}",
        "replies": f"found == {paired('reply')}",
        "round_trip": "again == words",
    }
    lines = [
        f"module monitor(input [{bits - 1}:0] words, found);",
        f"  wire [{bits - 1}:0] data, reply, again, unused;",
        "  dut first(.words(words), .data(data), .found(found), .reply(reply));",
        "  dut second(.words(words), .data(unused), .found(data), .reply(again));",
        "  always @* begin",
        *(f"    prop_{name}: assert ({rule});" for name, rule in rules.items()),
        "  end",
        "endmodule",
        "",
    ]
    return "\n".join(lines)
