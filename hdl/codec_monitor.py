"""Monitor of the AppWOM codec: what it must do, without the code tables (ho2021, III-B).

The rules know nothing of `pymodel.wom`: data are the majority of the cells, the stage is the number
of cells that have not moved, and AppWOM moves cells only for the important bit.
"""

from nvmcosim.pymodel.coded_lines import LineShape

__all__ = ["CODEC_PROPERTIES", "READ_FUNCTION", "codec_monitor", "impossible"]

#: Of every group, for every word, datum and polarity.
CODEC_PROPERTIES = {
    "one_way": "no cell moves back",
    "important_kept": "what is accepted holds the important bit",
    "other_kept": "what is neither exhausted nor ignored holds both bits",
    "ignored_stays": "what is ignored or exhausted moves nothing, and ignored is only AppWOM's",
    "fresh_takes": "fresh cells take anything",
    "two_writes": "a group is exhausted only if it is spent, and then every new important bit is",
    "stages": "the stage is the number of cells that moved, or the word is impossible",
    "reads": "a word reads as its majority, in either polarity",
}
#: Data of a word: each bit is 1 where the cell of that place differs from the left one.
READ_FUNCTION = """\
  function [1:0] read(input [2:0] word);
    read = {word[2] ^ word[1], word[2] ^ word[0]};
  endfunction"""


def impossible(word: str) -> str:
    """Whether AppWOM has no such `word`, of polarity 1."""
    return f"({word} == 3'b110 || {word} == 3'b010 || {word} == 3'b100)"


def codec_monitor(shape: LineShape) -> str:
    """A module around the codec `dut` of `shape`, with the assertions of `CODEC_PROPERTIES`."""
    n = shape.groups
    lines = [
        f"module monitor(input [{3 * n - 1}:0] words, input [{shape.units - 1}:0] polarity,",
        f"    input [{2 * n - 1}:0] data);",
        f"  wire [{3 * n - 1}:0] encoded; wire [{n - 1}:0] exhausted, ignored;",
        f"  wire [{2 * n - 1}:0] decoded, stage;",
        "  dut dut(.words(words), .polarity(polarity), .data(data), .encoded(encoded),",
        "    .exhausted(exhausted), .ignored(ignored), .decoded(decoded), .stage(stage));",
        READ_FUNCTION,
    ]
    failures: dict[str, list[str]] = {name: [] for name in CODEC_PROPERTIES}
    for g in range(n):
        near, unit = shape.approximate[g], g if shape.by_group else 0
        lines += [
            f"  wire [2:0] old_{g} = words[{3 * g} +: 3] ^ {{3{{!polarity[{unit}]}}}};",
            f"  wire [2:0] new_{g} = encoded[{3 * g} +: 3] ^ {{3{{!polarity[{unit}]}}}};",
            f"  wire [1:0] want_{g} = data[{2 * g} +: 2], held_{g} = read(old_{g});",
            f"  wire [1:0] then_{g} = read(new_{g}), stage_{g} = stage[{2 * g} +: 2];",
            f"  wire [1:0] left_{g} = old_{g}[0] + old_{g}[1] + old_{g}[2];",
            f"  wire full_{g} = exhausted[{g}], skip_{g} = ignored[{g}];",
            f"  wire bad_{g} = {impossible(f'old_{g}') if near else 0};",
        ]
        moves = f"(new_{g} != old_{g})"
        differs = f"(want_{g}[1] != held_{g}[1])" if near else f"(want_{g} != held_{g})"
        rules = {
            "one_way": f"(new_{g} & ~old_{g}) != 0",
            "important_kept": f"!full_{g} && then_{g}[1] != want_{g}[1]",
            "other_kept": f"!full_{g} && !skip_{g} && then_{g} != want_{g}",
            "ignored_stays": f"(full_{g} || skip_{g}) && {moves}"
            + f" || skip_{g} && ({0 if near else 1} || {differs} || want_{g} == held_{g})",
            "fresh_takes": f"old_{g} == 7 && full_{g}",
            "two_writes": f"full_{g} != (bad_{g} || left_{g} <= 1 && {differs})",
            "stages": f"stage_{g} != (bad_{g} ? 3 : left_{g} == 3 ? 0 : left_{g} == 2 ? 1 : 2)",
            "reads": f"decoded[{2 * g} +: 2] != held_{g}",
        }
        for name, rule in rules.items():
            failures[name].append(f"({rule})")
    lines.append("  always @* begin")
    for name, rules_of_groups in failures.items():
        lines.append(f"    prop_{name}: assert (!({' || '.join(rules_of_groups)}));")
    return "\n".join([*lines, "  end", "endmodule", ""])
