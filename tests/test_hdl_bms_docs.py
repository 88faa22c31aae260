"""The timing diagrams of docs/bms.md are what the hardware does."""

from pathlib import Path
from typing import Any

from sng_bench import lockstep

from nvmcosim.hdl.bms_bank import BmsBank
from nvmcosim.hdl.bms_sng import BmsSng
from nvmcosim.pymodel.stream_plan import StreamPlan

DOCS = Path(__file__).parents[1] / "docs" / "bms.md"


def rows_of(record: list[dict[str, Any]], junctions: int) -> str:
    rows: dict[str, list[str]] = {}
    for clock, seen in enumerate(record):
        number = seen["number"]
        shown = {"clock": clock, "number": "." if number is None else number}
        for k in range(junctions):
            pins = seen["pins"][k]
            letters = {"R": pins.reset, "W": pins.write, "t": pins.trim, "S": pins.read}
            on = [letter for letter, is_on in letters.items() if is_on]
            shown[f"mtj {k}"] = on[0] if on else "."
        if junctions == 1:
            (pins,) = seen["pins"]
            shown["mtj__fine"] = pins.fine or "."
        offered = seen["offered"]
        shown["output"] = "." if offered is None else f"{offered.bit}{'*' * offered.last}"
        for signal, value in shown.items():
            rows.setdefault(signal, []).append(f"{value!s:>4}")
    return "\n".join(f"{signal:10}" + "".join(shown) for signal, shown in rows.items())


def generator_diagram() -> str:
    """Two bits of 100/256, of which the first junction stays antiparallel."""
    plan = StreamPlan(cycles=3)
    record = lockstep(BmsSng(plan), [100], 30, seed=5)
    return rows_of(record, 1)


def bank_diagram() -> str:
    """Three bits of each number, with as many junctions as a frame has clocks."""
    plan = StreamPlan(cycles=3, tick_ps=3000, reset_ps=3000, read_ps=3000)
    bank = BmsBank(plan)
    assert bank.junctions == 3
    record = lockstep(bank, [100, 200, 256], 15, seed=1)
    return rows_of(record, 3)


def test_diagrams() -> None:
    text = DOCS.read_text()
    for diagram in (generator_diagram(), bank_diagram()):
        assert diagram in text, f"docs/bms.md should show:\n{diagram}"
