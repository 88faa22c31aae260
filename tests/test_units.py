import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import picoseconds, quantity


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (5000, 5000), ("20 ns", 20_000), ("0.5 ns", 500), ("12ps", 12), ("2e-8 s", 20_000)],
)
def test_times(value, expected) -> None:
    assert picoseconds(value, "t") == expected


@pytest.mark.parametrize("value", ["1.5 ps", "-1 ns", -1, True, 1.0, None, "5 m", "nan s", "2 s"])
def test_wrong_times(value) -> None:
    with pytest.raises(InputError, match="t is "):
        picoseconds(value, "t")


def test_quantities() -> None:
    assert quantity("1.2 V", "V", "v") == 1.2
    assert quantity(3, "V", "v") == 3.0
    assert quantity("40 nm", "m", "d") == pytest.approx(40e-9)
    for wrong in ("inf V", float("nan"), "1.2 A", "1; quit", [1], 10**400):
        with pytest.raises(InputError, match="v is "):
            quantity(wrong, "V", "v")
