"""Numbers as a page shows them: with a sign, a unit and no more digits than they carry."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["difference", "engineering", "flat", "number", "percent", "plain", "rate", "seconds"]

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
NOTHING = "–"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 4) -> str:
    """`value` with `digits` significant digits; whole numbers in full, text as it is."""
    if isinstance(value, str):
        return value
    if not _is_number(value):
        return NOTHING
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def engineering(value: Any, unit: str, digits: int = 3) -> str:
    """`value` in `unit` with an SI prefix, as `1.23 pJ`."""
    if not _is_number(value):
        return NOTHING
    if value == 0:
        return f"0 {unit}"
    # Rounded first, so that 999.9 pJ is 1 nJ.
    power = 3 * math.floor(math.log10(abs(float(f"{value:.{digits}g}"))) / 3)
    power = max(-18, min(9, power))
    return f"{value / 10.0**power:.{digits}g} {_PREFIXES[power]}{unit}"


def rate(value: Any) -> str:
    """A probability in percent; as a power of ten below 0.0001%."""
    if not _is_number(value):
        return NOTHING
    if value == 0 or value >= 1e-6:
        return f"{100 * value:.3g}%" if value == 0 or value >= 1e-4 else f"{100 * value:.2g}%"
    return number(value, 2)


def percent(value: Any, digits: int = 2) -> str:
    """A share, 0 to 1, in percent."""
    return f"{100 * value:.{digits}f}%" if _is_number(value) else NOTHING


def seconds(value: Any) -> str:
    """A duration in s."""
    if not _is_number(value):
        return NOTHING
    return f"{value / 60:.1f} min" if value >= 90 else f"{value:.3g} s"


def difference(paper: Any, ours: Any) -> str:
    """`ours` less `paper` with its sign, where both are numbers."""
    if not _is_number(paper) or not _is_number(ours):
        return NOTHING
    gap = ours - paper
    # What a binary fraction leaves over is no difference.
    if abs(gap) <= 1e-12 * max(abs(paper), abs(ours)):
        return "0"
    return ("+" if gap > 0 else "−") + number(abs(gap), 3)


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values of a nested mapping; names within one are joined by a point."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def plain(value: Any) -> str:
    """A value of a JSON file as text, long lists cut short."""
    if isinstance(value, list):
        shown = ", ".join(plain(item) for item in value[:12])
        return shown + (f", … ({len(value)} values)" if len(value) > 12 else "")
    return number(value, 6) if isinstance(value, int | float) else str(value)
