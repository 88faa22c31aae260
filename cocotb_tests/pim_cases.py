"""Plans of the in-memory bench, in the groups that are simulated side by side."""

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_plan import PimPlan

__all__ = ["many_pim_cases", "pim_cases"]


def pim_cases() -> dict[str, list[PimPlan]]:
    """Small arrays: an addition and a multiplication, with skipped steps and flags as well."""
    return {
        "bf16": [PimPlan("bf16", name, columns=64, rows=128) for name in ("add", "compare")],
        "bf16-skip": [PimPlan("bf16", "multiply-skip", columns=64, rows=128)],
    }


def many_pim_cases() -> dict[str, list[PimPlan]]:
    """Every format's sums and products at 1024 columns, and other operations at 64."""
    cases = {
        f"{format}-{name}": [PimPlan(format, name, rows=512)]
        for format in FORMATS
        for name in ("add", "subtract", "multiply", "multiply-skip")
    }
    for format in FORMATS:
        others = ("mac", "compare", "maximum", "relu")
        cases[f"{format}-others"] = [PimPlan(format, n, columns=64, rows=512) for n in others]
        cases[f"{format}-flush"] = [
            PimPlan(format, n, "rne-flush", columns=256, rows=512) for n in ("add", "multiply")
        ]
    return cases
