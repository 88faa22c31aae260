"""Exact counts of the programs beside Eq. 2 and 3, the adders' steps, and AritPIM's gates."""

from collections.abc import Mapping

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_bounds import StepBounds
from nvmcosim.pymodel.pim_float_add import add_bounds, add_parts
from nvmcosim.pymodel.pim_float_multiply import multiply_bounds, multiply_parts, multiply_program
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_step import PUBLISHED_K, PimCounts
from nvmcosim.studies.figures import Figure, judge_number, judge_rule
from nvmcosim.studies.wang2020 import printed

__all__ = ["adder_figures", "aritpim_figures", "equation_figures"]

_K = f"k = {PUBLISHED_K} rows read and {PUBLISHED_K} written a step, as in Fig. 3"
#: Kinds of Eq. 2's terms: field of the counts, in words, and its unit.
_TERMS = {
    "reads": ("steps that read", "steps"),
    "writes": ("steps that write", "steps"),
    "searches": ("searches", "searches"),
    "cell_reads": ("cells read", "cells"),
    "cell_writes": ("cells written", "cells"),
}


def adder_figures() -> list[Figure]:
    """Steps and cells of the full adders, run by the interpreter of the float programs."""
    figures = []
    for name, (steps, cells) in printed.ADDERS.items():
        program = ADDERS[name]()
        operands = 0 if name == "destructive" else 3
        for what, paper, ours in (
            ("steps", steps, program.counts.steps),
            ("cells", cells, program.rows - operands),
        ):
            title = f"Full adder, {name}: {what}"
            figures.append(judge_number(f"text-adder/{name}/{what}", title, str(paper), ours, what))
    short = ADDERS["short"]()
    figures.append(
        judge_rule(
            "text-adder/short/steps",
            "Full adder by one write with X^Y at the gate and Z as value: steps",
            4,
            short.counts.steps,
            "steps",
            True,
            f"a step and a cell fewer than the paper's at the same k, both operands kept; it "
            f"writes {short.counts.cell_writes} cells where the paper's writes 9; {_K}",
        )
    )
    return figures


def equation_figures() -> list[Figure]:
    """Eq. 2 and 3 for the three formats beside what the programs take."""
    figures = []
    for name, fmt in FORMATS.items():
        counts = named_program("add", name).counts
        paper = printed.equation_2(fmt)
        reason = _reason(add_parts(name), add_parts(name, flush=True), _ADD)
        for field, (words, unit) in _TERMS.items():
            figures.append(
                judge_number(
                    f"eq2/{name}/{field.replace('_', '-')}",
                    f"Addition, {name}: {words}",
                    str(getattr(paper, field)),
                    getattr(counts, field),
                    unit,
                    reason,
                    points=_points(add_parts(name)),
                )
            )
        figures += _equation_3(name)
        for operation, steps, bounds in (
            ("add", float(paper.reads + paper.searches), add_bounds(name)),
            ("multiply", printed.equation_3_steps(fmt), multiply_bounds(name)),
        ):
            figures.append(_steps(name, operation, steps, bounds))
    return figures


def _steps(name: str, operation: str, paper: float, bounds: StepBounds) -> Figure:
    """All steps, searches included, and how few they could be in another order."""
    ours = named_program(operation, name).counts.steps
    return judge_number(
        f"steps/{name}/{operation}",
        f"{operation}, {name}: steps that read or search",
        f"{paper:g}",
        ours,
        "steps",
        f"{'fewer' if ours < paper else 'more'} than the equation, for all of IEEE 754; no order "
        f"of these writes and searches takes fewer than {bounds.least} steps: {bounds.writes} by "
        f"cells written, {bounds.searches} by searches and what other steps have to read, "
        f"{bounds.chain} by the longest chain; {_K}",
        points=[vars(bounds)],
    )


def _equation_3(name: str) -> list[Figure]:
    fmt = FORMATS[name]
    counts = named_program("multiply", name).counts
    parts = multiply_parts(name)
    reason = _reason(parts, multiply_parts(name, flush=True), _MULTIPLY)
    figures = []
    for paper, fields, unit in (
        (printed.equation_3_steps(fmt), ("reads", "writes"), "steps"),
        (printed.equation_3_cells(fmt), ("cell_reads", "cell_writes"), "cells"),
    ):
        for field in fields:
            ours = getattr(counts, field)
            better = f"; {_LESS}" if ours < paper else ""
            figures.append(
                judge_number(
                    f"eq3/{name}/{field.replace('_', '-')}",
                    f"Multiplication, {name}: {_TERMS[field][0]}",
                    f"{paper:g}",
                    ours,
                    unit,
                    reason + better,
                    points=_points(parts),
                )
            )
    return [*figures, _skipped(name)]


_LESS = (
    "fewer than the equation although nothing depends on data: digits of two bits halve the "
    "additions, and one write makes the carry"
)
_ADD = (
    "Eq. 2 has no room for what IEEE 754 asks for at this k: a shift by up to the fraction's "
    "length takes as many moves for each bit of the distance, before the addition and after it"
)
_MULTIPLY = (
    "Eq. 3 counts half of the partial products, those whose multiplier bit is 1 on average, and "
    "no subnormals, rounding, infinities or NaNs"
)


def _reason(parts: Mapping[str, PimCounts], flushed: Mapping[str, PimCounts], why: str) -> str:
    listed = ", ".join(
        f"{name} {part.cell_writes}"
        for name, part in sorted(parts.items(), key=lambda item: -item[1].cell_writes)
    )
    total = sum((part.cell_writes for part in parts.values()), 0)
    without = sum((part.cell_writes for part in flushed.values()), 0)
    return (
        f"{why}; cells written by part: {listed}, together {total} "
        f"({without} where subnormals are flushed); {_K}"
    )


def _points(parts: Mapping[str, PimCounts]) -> list[dict[str, int | str]]:
    return [{"part": name, **part.to_dict()} for name, part in parts.items()]


def _skipped(name: str) -> Figure:
    """The saving by multiplier bits that are 0, which holds where a multiplier is broadcast."""
    fmt = FORMATS[name]
    counts = multiply_program(name, skip_zeros=True).counts
    bits = fmt.fraction_bits + 1
    program = multiply_program(name, skip_zeros=True)
    skips = [n for n, step in enumerate(program.steps) if step.skip]
    # A multiplier's leading bit is always 1 where no operand is subnormal.
    saved = sum(program.steps[n].skip for n in skips[:-1]) / 2
    mean = counts.steps - saved
    return judge_number(
        f"eq3/{name}/skipping",
        f"Multiplication, {name}: mean steps of a multiplier that all columns share",
        f"{printed.equation_3_steps(fmt):g}",
        mean,
        "steps",
        f"a step is passed over only if the bit is 0 in every column, so half of {bits - 1} bits "
        f"are saved by a broadcast multiplier alone and none by columns of their own; this program "
        f"adds bit by bit and takes {counts.steps} steps where nothing is skipped; {_K}",
    )


def aritpim_figures() -> list[Figure]:
    """The best public in-memory floats beside the programs, whose steps are others."""
    figures = []
    for name, operations in printed.ARITPIM.items():
        for operation, cycles in operations.items():
            program = named_program(operation, name)
            counts = program.counts
            figures.append(
                Figure(
                    f"aritpim/{name}/{operation}",
                    f"{operation}, {name}: NOR cycles of AritPIM, and cells written here",
                    cycles,
                    counts.cell_writes,
                    "cycles, cells",
                    "differs",
                    "another memory: its cycle switches one cell by a NOR, or sets it; here "
                    f"{counts.steps} steps switch {counts.cell_writes} cells in {program.rows} "
                    "rows, with subnormals, infinities and NaNs, which AritPIM leaves out",
                )
            )
    return figures
