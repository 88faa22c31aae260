"""All proofs, by the blocks that they are about."""

from collections.abc import Callable, Sequence

from nvmcosim.hdl.formal import Proof
from nvmcosim.hdl.line_proofs import codec_proofs, line_proofs
from nvmcosim.hdl.pim_proofs import adder_proofs, unit_proofs
from nvmcosim.hdl.store_proofs import gate_proofs, store_proofs
from nvmcosim.hdl.stream_proofs import bank_proofs, neuron_proofs, sng_proofs
from nvmcosim.pymodel.errors import InputError

__all__ = ["PROOFS", "proofs_of"]

#: How each block's proofs are made.
PROOFS: dict[str, Callable[[], Sequence[Proof]]] = {
    "store-domain": store_proofs,
    "pulse-gate": gate_proofs,
    "appwom-codec": codec_proofs,
    "appwom-line": line_proofs,
    "bms-bank": bank_proofs,
    "bms-sng": sng_proofs,
    "isc-neuron": neuron_proofs,
    "pim-adder": adder_proofs,
    "pim-unit": unit_proofs,
}


def proofs_of(name: str) -> list[Proof]:
    """The proofs whose names begin with `name`: a block, a part of its name, or one proof's name.

    Raises `InputError` if there is none.
    """
    found: list[Proof] = []
    for block, make in PROOFS.items():
        if name and (block.startswith(name) or name.startswith(f"{block}/")):
            found += [proof for proof in make() if proof.name.startswith(name)]
    if not found:
        raise InputError(
            f"block is {name!r}; it must be {', '.join(PROOFS)}, or begin as one, or be a proof's "
            "name, such as appwom-line/group"
        )
    return found
