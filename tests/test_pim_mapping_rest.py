"""Rectifiers, maxima and softmax on subarrays: operations counted out by hand."""

import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_layers import LENET, Layer, resnet50
from nvmcosim.pymodel.pim_mapping import Machine
from nvmcosim.pymodel.pim_mapping_rest import REST, map_rest, periphery_calls
from nvmcosim.pymodel.pim_programs import named_program

PLAIN = Machine(read_ns=1.0, write_ns=1.0, write_fj=1.0)


def _steps(name: str) -> int:
    counts = named_program(name, "fp32").counts
    return counts.reads + counts.writes + counts.searches


def _cells(name: str) -> int:
    return named_program(name, "fp32").counts.cell_writes


def test_lenets_passes() -> None:
    passes = {(p.layer, p.name): p for p in map_rest(LENET, 64)}
    assert list(passes) == [
        ("conv1", "rectify"),
        ("conv1", "maximum"),
        ("conv1", "maximum-back"),
        ("conv2", "rectify"),
        ("conv2", "maximum"),
        ("conv2", "maximum-back"),
        ("dense1", "rectify"),
        ("dense1", "rectify-back"),
        ("dense2", "softmax-samples"),
        ("dense2", "softmax-classes"),
    ]
    assert {name for _, name in passes} == set(REST)
    assert passes["conv1", "rectify"].columns == 10 * 28 * 28 * 64
    assert passes["conv2", "maximum"].columns == 8 * 5 * 5 * 64
    assert passes["dense2", "softmax-classes"].columns == 10 * 64


def test_a_rectifier_and_its_gradient_by_hand() -> None:
    layer = Layer("a", 3, 5, rectified=True)
    rectify, back = map_rest([layer], 2, machine=PLAIN)[:2]
    assert rectify.latency_us == pytest.approx(_steps("relu") * 1e-3)
    assert rectify.energy_nj == pytest.approx(10 * _cells("relu") * 1e-6)
    # A word is cleared, 11 writes of 3 rows, then written by 16 reads and writes of 2.
    assert back.latency_us == pytest.approx((_steps("compare") + 11 + 32) * 1e-3)
    assert back.energy_nj == pytest.approx(10 * (_cells("compare") + 64) * 1e-6)


def test_a_maximum_and_its_gradient_by_hand() -> None:
    layer = Layer("a", 1, 2, 1, 4, 4, pooled=4, pooled_places=1)
    forward, back = map_rest([layer], 1, machine=PLAIN)[:2]
    assert forward.columns == back.columns == 2
    assert forward.compute_us == pytest.approx(3 * _steps("maximum") * 1e-3)
    assert forward.latency_us - forward.compute_us == pytest.approx(4 * 22 * 1e-3)
    assert back.compute_us == pytest.approx((5 * _steps("compare") + 4 * 6) * 1e-3)


def test_softmax_by_hand() -> None:
    samples, classes = map_rest([Layer("a", 3, 10)], 8, machine=PLAIN)
    assert (samples.columns, classes.columns) == (8, 80)
    chain = 9 * (_steps("maximum") + _steps("add")) + _steps("subtract")
    assert samples.compute_us == pytest.approx(chain * 1e-3)
    assert classes.compute_us == pytest.approx((_steps("subtract") + _steps("multiply")) * 1e-3)
    assert periphery_calls(10, 8) == {"exponentials": 80, "reciprocals": 8}


def test_resnets_rectifiers_are_those_of_its_blocks() -> None:
    """One after the first layer and three a block (He et al., Fig. 5)."""
    names = [p.name for p in map_rest(resnet50(), 1)]
    assert names.count("rectify") == 1 + 3 * 16
    assert names.count("maximum") == names.count("maximum-back") == 1


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="layers is empty"):
        map_rest([], 64)
    with pytest.raises(InputError, match="batch is 0"):
        map_rest(LENET, 0)
    with pytest.raises(InputError, match="format is 'fp64'"):
        map_rest(LENET, 1, "fp64")
