"""Proofs of the stochastic blocks: they hold, and wrong designs break them."""

from dataclasses import replace

import pytest

from nvmcosim.hdl.formal import PROVEN, REFUTED, Proof, prove
from nvmcosim.hdl.proofs import proofs_of
from nvmcosim.hdl.stream_proofs import bank_proofs, neuron_proofs, sng_proofs

PROOFS = {proof.name: proof for proof in (*sng_proofs(), *bank_proofs(), *neuron_proofs())}
QUICK = ("bms-sng/changed", "bms-bank/2", "isc-neuron/shared-3", "isc-neuron/magnitude-3")


def edited(proof: Proof, before: str, after: str) -> Proof:
    """The same proof of a design with another text; the monitor stays."""
    design, monitor = proof.text.split("\nmodule monitor", 1)
    assert before in design, before
    return replace(proof, text=design.replace(before, after) + "\nmodule monitor" + monitor)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.full) for n in PROOFS]
)
def test_all_is_proven(name: str) -> None:
    results = prove(PROOFS[name])
    assert results == dict.fromkeys(PROOFS[name].properties, PROVEN)


def other(name: str, donor: str) -> Proof:
    """The proof of one design with another's in its place, of the same ports."""
    design = PROOFS[donor].text.split("\nmodule monitor", 1)[0]
    monitor = PROOFS[name].text.split("\nmodule monitor", 1)[1]
    return replace(PROOFS[name], text=design + "\nmodule monitor" + monitor)


@pytest.mark.parametrize(
    ("proof", "broken"),
    [
        # Phases of other lengths, and resets by another rule.
        (other("bms-sng/changed", "bms-sng/always"), {"reset", "skips", "prompt", "write"}),
        # Another first state.
        (edited(PROOFS["isc-neuron/shared-3"], "3'h4", "3'h5"), {"restart", "output", "adder"}),
        # States to 6 of 8.
        (edited(PROOFS["isc-neuron/shared-3"], "3'h7", "3'h6"), {"adder", "output"}),
    ],
)
def test_wrong_designs_are_refuted(proof: Proof, broken: set[str]) -> None:
    results = prove(proof)
    assert REFUTED in results.values()
    assert {name for name, result in results.items() if result == REFUTED} <= broken


def test_the_blocks_have_their_proofs() -> None:
    assert {proof.name.split("/")[0] for proof in proofs_of("bms")} == {"bms-bank", "bms-sng"}
    assert len(proofs_of("isc-neuron")) == 11
    assert {p.name for p in proofs_of("bms-bank/5")} == {"bms-bank/5"}
