"""Edits of proofs and of their text, by which tests make them fail."""

from collections.abc import Callable
from dataclasses import replace

from nvmcosim.hdl.formal import Proof

__all__ = ["only", "rewired"]


def rewired(before: str, after: str) -> Callable[[str], str]:
    """What puts `after` in the one place of a text that has `before`."""

    def edit(text: str) -> str:
        assert text.count(before) == 1, before
        return text.replace(before, after)

    return edit


def only(proof: Proof, name: str) -> Proof:
    """The proof of one property alone, so that it must fail by itself."""
    kept = [
        line
        for line in proof.text.splitlines()
        if not line.startswith("    prop_") or line.startswith(f"    prop_{name}:")
    ]
    return replace(proof, text="\n".join(kept), properties={name: proof.properties[name]})
