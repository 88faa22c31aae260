"""Monitor of the AppWOM line controller: what it must do, without the code tables (ho2021, III).

The monitor has the cells of one line, whichever, and shows anything on reads of other lines. Its
cells hold anything at first. A pulse switches its cell when it ends; one that reset has cut may or
may not. What a command must do is said as in `hdl.codec_monitor`, from what the line held before.

Of ping-pong lines the monitor sees by a unit's polarity that it was turned. Others have no such
cell: there it knows which units are *due*, and that cells go back for no other reason and at no
other time than before the data are placed.
"""

from collections.abc import Sequence

from nvmcosim.hdl.codec_monitor import READ_FUNCTION, impossible
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.wom import CELLS

__all__ = ["LINE_PROPERTIES", "line_monitor"]

#: Of a line of the array, in any state at first, whatever is sent to any line and whenever reset
#: comes.
LINE_PROPERTIES = {
    "one_way": "between refreshes no cell moves backwards",
    "one_flip": "in a half-cycle a cell flips at most once",
    "all_turned": "a refresh leaves all cells of its unit on one side, in ping-pong the one that "
    "they moved to",
    "important": "after a write every important bit is as written, after a refresh as before",
    "other": "an unimportant bit is that of the last accepted update; a refresh may clear it only "
    "where the important bit is 0",
    "counted": "ignored and cleared bits and turned units are counted",
    "turns": "a unit is turned if, and only if, a group of it is exhausted or the policy asks",
    "legal": "after a command that writes no word is impossible",
    "holds": "between commands a line holds what was last accepted",
    "replies": "a read returns what the line holds, and only a read replies",
    "untouched": "a read, and a command to another line, drive no cell of the line",
    "pulses": "pulses have their lengths unless reset cuts them; SET and RESET never meet",
    "apart": "nothing is driven under a read of the array or between commands",
    "prompt": "a command comes to its end within the clocks stated",
}


_HEAD = """
module monitor(input clk, rst, valid, take, line, input [1:0] opcode, input [{data}:0] payload,
    input [{cell}:0] elsewhere, choice);
  (* anyconst *) reg tracked;
  wire ready, offers, read_on, at; wire [{data}:0] reply; wire [{cell}:0] sets, resets, sense;
  wire [{count}:0] ignored, cleared, turns;
  dut dut(.clk(clk), .rst(rst), .commands__valid(valid), .commands__ready(ready),
    .commands__payload({{{asks}, line, opcode}}), .replies__valid(offers), .replies__ready(take),
    .replies__payload({told}), .array__line(at), .array__read(read_on), .array__sense(sense),
    .array__set(sets), .array__reset(resets), .ignored(ignored), .cleared(cleared),
    .turns(turns));

  // The line: what its cells hold, and how long each has been driven.
  reg [{cell}:0] cells; reg [{span}:0] reading = 0; reg rst_before = 1;
  wire [{cell}:0] now, short, long, side, changed = now ^ cells;
  wire here = at == tracked;
  wire [{cell}:0] set_on = here ? sets : 0, reset_on = here ? resets : 0;
  assign sense = here && reading == {read} - 1 ? now : elsewhere;
  genvar c;
  generate for (c = 0; c <= {cell}; c = c + 1) begin : pulses_of
    reg [{span}:0] set = 0, reset = 0;
    wire set_ends = set != 0 && !set_on[c], reset_ends = reset != 0 && !reset_on[c];
    assign short[c] = set_ends && set != {set} || reset_ends && reset != {reset};
    assign long[c] = set_on[c] && (set >= {set} || reset_on[c]) || reset_on[c] && reset >= {reset};
    assign now[c] = short[c] && !choice[c] ? cells[c] : set_ends || !reset_ends && cells[c];
    always @(posedge clk) begin
      set <= set_on[c] ? set + 1 : 0; reset <= reset_on[c] ? reset + 1 : 0;
    end
  end endgenerate

  // The command under way, and what the line held when it was accepted.
  wire [{unit}:0] pol, pol_was, due;
  wire [{data}:0] was, holds, spec;
  reg busy = 0, mine = 0, known = 0; reg [1:0] op = 0; reg [{data}:0] asked = 0, exp = 0;
  reg [{cell}:0] cells_was = 0; reg [{count}:0] ignored_was = 0, cleared_was = 0, turns_was = 0;
  reg [{span}:0] age = 0;
  wire ends = busy && ready && mine;
  always @(posedge clk) begin
    rst_before <= rst; cells <= now; reading <= read_on ? reading + 1 : 0;
    age <= busy && !ready && !offers ? age + 1 : 0;
    if (ends && op != 0) begin exp <= spec; known <= known || op == 1 || op == 3; end
    if (ready) busy <= 0;
    if (valid && ready) begin
      busy <= 1; op <= opcode; mine <= line == tracked; asked <= payload; cells_was <= now;
      ignored_was <= ignored; cleared_was <= cleared; turns_was <= turns;
    end
    if (rst) begin busy <= 0; known <= 0; age <= 0; end
  end"""


#: How units show that they were turned: by their polarity, or only by what becomes of their cells.
_PING_PONG = """
  assign pol = now[{cell}:{first}], pol_was = cells_was[{cell}:{first}];
  wire [{unit}:0] pol_before = cells[{cell}:{first}];
  reg [{cell}:0] moved = 0;"""
_FIXED = """
  assign pol = {{{units}{{1'b{polarity}}}}}, pol_was = pol;
  reg [{cell}:0] went = 0, came = 0;
  wire [{cell}:0] forth = changed & (now ^ side), back = changed & ~(now ^ side);
  always @(posedge clk) begin
    went <= rst || valid && ready ? 0 : went | forth;
    came <= rst || valid && ready ? 0 : came | back;
  end"""


def line_monitor(
    shape: LineShape,
    *,
    read_cycles: int,
    set_cycles: int,
    reset_cycles: int,
    counter_bits: int,
    places: Sequence[tuple[int, int]] = (),
) -> str:
    """A module around the `LineCore` `dut` of two lines, with the assertions of `LINE_PROPERTIES`.

    The core has these parameters. With `places` the `dut` is a `LineController`: they are, of each
    group, where its important and its other bit are in the line's words, word 0 from bit 0 up.
    """
    n, units = shape.groups, shape.units
    cells = CELLS * n + shape.ping_pong * units
    longest = read_cycles + 3 + 2 * max(set_cycles, reset_cycles)
    names = {
        "data": 2 * n - 1,
        "cell": cells - 1,
        "unit": units - 1,
        "units": units,
        "polarity": shape.polarity,
        "first": CELLS * n,
        "count": counter_bits - 1,
        "span": (longest + 1).bit_length(),
        "read": read_cycles,
        "set": set_cycles,
        "reset": reset_cycles,
        "asks": "words" if places else "payload",
        "told": "found" if places else "reply",
    }
    sides = _PING_PONG if shape.ping_pong else _FIXED
    lines = [_HEAD.format(**names), sides.format(**names), READ_FUNCTION, *_words(places)]
    for g in range(n):
        lines += _group(g, g if shape.by_group else 0, shape)
    for unit in range(units):
        groups = [unit] if shape.by_group else list(range(n))
        lines += _unit(unit, groups, shape)
    # Unit of each cell: those of its groups, and the cell that keeps its polarity.
    owner = [g if shape.by_group else 0 for g in range(n) for _ in range(CELLS)]
    owners = [*owner, *range(units)][:cells]
    lines.append(f"  assign side = {{{', '.join(f'pol[{unit}]' for unit in reversed(owners))}}};")
    if shape.ping_pong:
        turned = ", ".join(f"turned_{unit}" for unit in reversed(owners))
        lines += [
            f"  wire [{cells - 1}:0] turned = {{{turned}}};",
            "  always @(posedge clk) moved <= (moved | changed) & ~turned;",
        ]
    checks = _checks(shape, longest)
    assert checks.keys() == LINE_PROPERTIES.keys()
    lines.append("  always @* begin")
    lines += [f"    prop_{name}: assert ({check});" for name, check in checks.items()]
    return "\n".join([*lines, "  end", "endmodule", ""])


def _words(places: Sequence[tuple[int, int]]) -> list[str]:
    """The words of a command and a reply, which a controller has in place of groups' data."""
    if not places:
        return []
    lines = [f"  wire [{2 * len(places) - 1}:0] words, found;"]
    for g, bits in enumerate(places):
        for at, bit in zip((2 * g + 1, 2 * g), bits, strict=True):
            lines.append(f"  assign words[{bit}] = payload[{at}], reply[{at}] = found[{bit}];")
    return lines


def _group(g: int, unit: int, shape: LineShape) -> list[str]:
    """What is known of group `g` under a command, and what must become of it."""
    near = shape.approximate[g]
    turn = f"pol[{unit}] != pol_was[{unit}]" if shape.ping_pong else f"due[{unit}]"
    at, two = f"[{CELLS * g} +: {CELLS}]", f"[{2 * g} +: 2]"
    bits = "[1]" if near else ""
    # The other bit is written where cells move for the group.
    other = f"turn_{g} ? want_{g}[1] && want_{g}[0] : moves_{g} ? want_{g}[0] : held_{g}[0]"
    return [
        f"  wire [1:0] held_{g} = read(cells_was{at});",
        f"  wire [1:0] want_{g} = op == 1 ? asked{two} : op == 3 ? 2'd0 : held_{g};",
        f"  wire [2:0] old_{g} = cells_was{at} ^ {{3{{!pol_was[{unit}]}}}};",
        f"  wire [2:0] end_{g} = now{at} ^ {{3{{!pol[{unit}]}}}};",
        f"  wire [1:0] left_{g} = old_{g}[0] + old_{g}[1] + old_{g}[2];",
        f"  wire bad_{g} = {impossible(f'old_{g}') if near else 0};",
        f"  wire bad_end_{g} = {impossible(f'end_{g}') if near else 0};",
        f"  wire turn_{g} = {turn};",
        f"  wire old_end_{g} = turn_{g} && end_{g}[0] + end_{g}[1] + end_{g}[2] < 2'd2;",
        f"  wire moves_{g} = want_{g}{bits} != held_{g}{bits};",
        f"  wire spent_{g} = bad_{g} || left_{g} <= 1;",
        f"  wire full_{g} = bad_{g} || left_{g} <= 1 && moves_{g};",
        f"  assign was{two} = held_{g}; assign holds{two} = read(now{at});",
        f"  assign spec{two} = {{want_{g}[1], {other if near else f'want_{g}[0]'}}};",
        f"  wire lost_{g} = spec[{2 * g}] != want_{g}[0];",
        f"  wire clears_{g} = lost_{g} && turn_{g} && held_{g}[0];",
        f"  wire ignores_{g} = lost_{g} && !clears_{g};",
    ]


def _unit(unit: int, groups: list[int], shape: LineShape) -> list[str]:
    """When a unit is due to be turned, which way its cells may go, how a turn leaves them."""
    words = CELLS * shape.groups
    cells = words + shape.ping_pong * shape.units
    own = sum(7 << CELLS * g for g in groups) | shape.ping_pong << words + unit
    spent, full = ([f"{name}_{g}" for g in groups] for name in ("spent", "full"))
    asked = {"none": "0", "any": " || ".join(spent), "all": " && ".join(spent)}[shape.idle]
    lines = [
        f"  wire [{cells - 1}:0] own_{unit} = {cells}'d{own};",
        f"  assign due[{unit}] = op == 3 || op == 2 && ({asked}) || {' || '.join(full)};",
        f"  wire back_on_{unit} = ((pol[{unit}] ? set_on : reset_on) & own_{unit}) != 0;",
        f"  wire rest_{unit} = ((now ^ side) & own_{unit}) != 0;",
    ]
    if shape.ping_pong:
        return [
            *lines,
            f"  wire back_{unit} = back_on_{unit};",
            f"  wire turns_{unit} = pol[{unit}] != pol_was[{unit}];",
            f"  wire turned_{unit} = pol[{unit}] != pol_before[{unit}];",
            f"  wire left_over_{unit} = turned_{unit} && rest_{unit};",
        ]
    return [
        *lines,
        f"  wire on_{unit} = ((pol[{unit}] ? reset_on : set_on) & own_{unit}) != 0;",
        f"  wire turns_{unit} = busy && mine && due[{unit}];",
        f"  reg placed_{unit} = 0;",
        f"  always @(posedge clk) placed_{unit} <= !rst && !ready && (placed_{unit} || on_{unit});",
        f"  wire back_{unit} = back_on_{unit} && (!turns_{unit} || placed_{unit} || on_{unit});",
        f"  wire left_over_{unit} = turns_{unit} && on_{unit} && !placed_{unit} && rest_{unit};",
    ]


def _checks(shape: LineShape, longest: int) -> dict[str, str]:
    """The assertions by their labels."""
    groups, units = shape.groups, shape.units

    def of(name: str, count: int, joint: str) -> str:
        return "(" + joint.join(f"{name}_{n}" for n in range(count)) + ")"

    important = f"{2 * groups}'b" + "10" * groups
    written = "!ends || op == 0 || "
    if shape.ping_pong:
        one_flip = "(changed & moved) == 0 && (moved & ~turned & ~(now ^ side)) == 0"
        turns = "due == (pol ^ pol_was)"
    else:
        one_flip = "(forth & went) == 0 && (back & (went | came)) == 0"
        turns = f"!{of('old_end', groups, ' || ')}"
    return {
        "one_way": f"!{of('back', units, ' || ')}",
        "one_flip": one_flip,
        "all_turned": f"rst_before || !{of('left_over', units, ' || ')}",
        "important": f"{written}(holds & {important}) == (spec & {important})",
        "other": f"{written}holds == spec",
        "counted": f"{written}(ignored - ignored_was == {of('ignores', groups, ' + ')} && "
        f"cleared - cleared_was == {of('clears', groups, ' + ')} && "
        f"turns - turns_was == {of('turns', units, ' + ')})",
        "turns": f"{written}{turns}",
        "legal": f"{written}!{of('bad_end', groups, ' || ')}",
        "holds": "!known || busy && mine || holds == exp",
        "replies": "!offers || busy && op == 0 && "
        "(!mine || reply == was && (!known || reply == exp))",
        "untouched": "!busy || here == mine && (op != 0 || sets == 0 && resets == 0 && "
        "(!mine || now == cells_was))",
        "pulses": "(rst_before || short == 0) && long == 0",
        "apart": "!((read_on || ready) && (sets != 0 || resets != 0)) && !(ready && read_on)",
        "prompt": f"age <= {longest}",
    }
