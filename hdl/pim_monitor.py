"""Monitor of the in-memory unit: what it must do with any program (wang2020, Fig. 1 to 4).

The monitor is made of the program's steps, and knows neither the microcode nor the circuit:
it follows commands and steps by itself and looks at every cell in every clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nvmcosim.hdl.pim_rom import address_bits
from nvmcosim.hdl.pim_unit import PIM_COUNTERS, PimJob
from nvmcosim.pymodel.pim_step import MATCH, ONE, PimCounts, Signal, Step

__all__ = ["UNIT_PROPERTIES", "unit_monitor"]

#: Of a unit, whatever cells hold at first, and whatever commands come.
UNIT_PROPERTIES = {
    "gates": "where the gate of a step's write is 1 the cell takes the value, as the step has it",
    "unselected": "all other cells keep what they hold under a step",
    "search": "the latch has the columns whose rows equal the search's pattern, until the next one",
    "sequence": "steps come in order, two clocks each and two more for each further k rows of a "
    "search; they are passed over if no column matches; commands wait for the end",
    "loads": "a load sets its row and no other",
    "quiet": "nothing else ever changes a cell",
    "replies": "a read replies what the row held, until that is taken, and nothing else replies",
    "counted": "the counters count the steps that are done, what they read, write and search",
}
_UNIT = """
module monitor(input clk, rst, valid, take, input [{command}:0] command);
  wire ready, offers, writing; wire [{place}:0] place;
  wire [{column}:0] reply, m; wire [{cell}:0] cells;
  dut dut(.clk(clk), .rst(rst), .commands__valid(valid), .commands__ready(ready),
    .commands__payload(command), .replies__valid(offers), .replies__ready(take),
    .replies__payload(reply), .probe_cells(cells), .probe_place(place),
    .probe_writing(writing), .probe_match(m){ports});
{rows}
  wire [{address}:0] row = command[2 +: {address} + 1];
  wire [{column}:0] bits = command[{address} + 3 +: {column} + 1];
  wire accepted = state == 0 && valid, load = accepted && command[1:0] == 0;
  wire run = accepted && command[1:0] == 2;

  // 0: waits for commands, 1: for a reply to be taken, 2: reads or compares, 3: writes.
  reg [1:0] state = 0; reg [{place}:0] at = 0, next;
  // Cells that this clock writes, and what; columns that match, if a search ends.
  reg [{cell}:0] gates, values; reg ends_search, comparing; reg [{column}:0] matching;
  always @* begin
    gates = 0; values = 0; next = at + 1; ends_search = 0; comparing = 0; matching = 0;
    if (state == 2) case (at)
{compared}
      default: ends_search = 0;
    endcase
    if (state == 3) case (at)
{written}
      default: gates = 0;
    endcase
  end

  reg started = 0, wrote = 0, loaded = 0, found = 0, looked = 0, ended = 0;
  reg [{cell}:0] cells_was, gates_was, values_was; reg [{column}:0] m_was, m_kept, matching_was;
  reg [{column}:0] answer, bits_was; reg [{address}:0] row_was; reg [{place}:0] at_was = 0;
  always @(posedge clk) begin
    started <= 1; cells_was <= cells; gates_was <= gates; values_was <= values;
    at_was <= at; wrote <= state == 3; loaded <= load; row_was <= row; bits_was <= bits;
    m_was <= m; m_kept <= rst ? 0 : m; matching_was <= matching;
    found <= ends_search && !rst; looked <= comparing && !rst;
    ended <= state == 3 && at == {last} && !rst;
    if (accepted) begin
      at <= 0; answer <= cells[row * {columns} +: {columns}];
      state <= run ? 2 : command[1:0] == 1 ? 1 : 0;
    end
    if (state == 1 && take) state <= 0;
    if (state == 2) state <= 3;
    if (state == 3) begin
      state <= at == {last} ? 0 : 2; at <= next;
    end
    if (rst) begin state <= 0; at <= 0; end
  end
{counters}
{more}
  wire [{cell}:0] changed = cells ^ cells_was;
  wire [{cell}:0] row_cells = {{{columns}{{1'b1}}}} << row_was * {columns};
  always @* if (started) begin
{properties}
  end
endmodule
"""
_PROPERTIES = {
    "gates": "!wrote || ((cells ^ values_was) & gates_was) == 0",
    "unselected": "!wrote || (changed & ~gates_was) == 0",
    "search": "found ? m == matching_was : looked || m == m_kept",
    "sequence": "ready == (state == 0) && writing == (state == 3)"
    " && (state < 2 || place == at && at <= {last})",
    "loads": "!loaded || cells[row_was * {columns} +: {columns}] == bits_was"
    " && (changed & ~row_cells) == 0",
    "quiet": "wrote || loaded || changed == 0",
    "replies": "offers == (state == 1) && (!offers || reply == answer)",
    "counted": " && ".join(f"{name} == {name}_due" for name in PIM_COUNTERS),
}


@dataclass(frozen=True)
class _Word:
    """A step, or a part of a search: what it compares, what it writes, and the next if none match.

    `ends` says that it is the step's last; `pattern` is then that of the whole search.
    """

    step: Step
    pattern: tuple[tuple[int, int], ...]
    ends: bool
    compared: int
    skips_to: int | None = None


def unit_monitor(
    job: PimJob,
    names: Sequence[str] = tuple(UNIT_PROPERTIES),
    *,
    counter_bits: int,
    more: Mapping[str, str] | None = None,
    declared: str = "",
) -> str:
    """A module around the probed `PimUnit` `dut` of `job`, with the assertions called `names`.

    `more` are further assertions and `declared` what they need. They see, beside each row by its
    name with what it held a clock before: `wrote`, that a step wrote then, `at_was`, which word,
    and `m_was`; `cells`, now; `ended`, that a run has just come to its end.
    """
    program, columns = job.program, job.columns
    words = list(_words(program.steps, program.k))
    asserted = {name: _PROPERTIES[name].format(columns=columns, last=len(words)) for name in names}
    asserted |= more or {}
    place = max(1, len(words).bit_length()) - 1
    return _UNIT.format(
        command=1 + address_bits(job.rows) + columns,
        place=place,
        column=columns - 1,
        columns=columns,
        cell=job.rows * columns - 1,
        address=address_bits(job.rows) - 1,
        last=len(words),
        ports="".join(f", .{name}({name})" for name in PIM_COUNTERS),
        rows=_counter_wires(counter_bits),
        compared="\n".join(_compared(words, columns)),
        written="\n".join(_written(words, columns)),
        counters=_counters(words, counter_bits),
        more=declared,
        properties="\n".join(f"    prop_{n}: assert ({says});" for n, says in asserted.items()),
    )


def _words(steps: Sequence[Step], k: int) -> Iterator[_Word]:
    parts = [max(1, -(-len(step.search) // k)) for step in steps]
    starts = [sum(parts[:n]) for n in range(len(steps) + 1)]
    for number, step in enumerate(steps):
        for part in range(parts[number]):
            ends = part == parts[number] - 1
            compared = min(k, len(step.search) - part * k) if step.search else 0
            to = starts[number + 1 + step.skip] if step.skip and ends else None
            yield _Word(step, step.search, ends, compared, to)


def _compared(words: Sequence[_Word], columns: int) -> Iterator[str]:
    for at, word in enumerate(words):
        if not word.pattern:
            continue
        tests = [
            f"{'' if bit else '~'}cells[{row * columns} +: {columns}]" for row, bit in word.pattern
        ]
        ends = f" ends_search = 1; matching = {' & '.join(tests)};" if word.ends else ""
        yield f"      {at}: begin comparing = 1;{ends} end"


def _written(words: Sequence[_Word], columns: int) -> Iterator[str]:
    def taken(signal: Signal) -> str:
        if signal.row == MATCH.row:
            held = "m"
        elif signal.row == ONE.row:
            held = f"{{{columns}{{1'b1}}}}"
        else:
            held = f"cells[{signal.row * columns} +: {columns}]"
        return ("~" if signal.inverted else "") + held

    for at, word in enumerate(words):
        done = []
        for write in word.step.writes if word.ends else ():
            where = f"[{write.row * columns} +: {columns}]"
            done.append(f"gates{where} = {taken(write.gate)};")
            done.append(f"values{where} = {taken(write.value)};")
        if word.skips_to is not None:
            done.append(f"if (m == 0) next = {word.skips_to};")
        if done:
            yield f"      {at}: begin {' '.join(done)} end"


def _counter_wires(bits: int) -> str:
    wires = ", ".join(PIM_COUNTERS)
    return f"  wire [{bits - 1}:0] {wires};"


def _counters(words: Sequence[_Word], bits: int) -> str:
    """Registers with what the counters must show."""
    lines = []
    for name in PIM_COUNTERS:
        amounts = [_counted(word, name) for word in words]
        cases = [f"      {at}: {name}_more = {n};" for at, n in enumerate(amounts) if n]
        lines += [
            f"  reg [{bits - 1}:0] {name}_due = 0, {name}_more;",
            f"  always @* begin {name}_more = 0; if (state == 3) case (at)",
            *cases,
            f"      default: {name}_more = 0;",
            "  endcase end",
            f"  always @(posedge clk) {name}_due <= rst ? 0 : {name}_due + {name}_more;",
        ]
    return "\n".join(lines)


def _counted(word: _Word, name: str) -> int:
    if name == "cell_searches":
        return word.compared
    return int(getattr(PimCounts.of(word.step), name)) if word.ends else 0
