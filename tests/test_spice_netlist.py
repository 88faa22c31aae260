import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.netlist import Netlist, number, pwl_expression


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_to_12_digits(value):
    assert float(number(value)) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize(
    "value",
    [
        "1k",
        "1\n.control\nshell rm x\n.endc",
        "1.0",
        None,
        True,
        np.True_,
        float("nan"),
        float("inf"),
        -np.inf,
        10**400,
        1 + 2j,
        np.array([1.0]),
        [1.0],
    ],
)
def test_anything_but_a_finite_number_is_refused(value):
    with pytest.raises(InputError, match="r0 is"):
        number(value, "r0")
    netlist = Netlist("test")
    with pytest.raises(InputError, match="r0 is"):
        netlist.add("r0 a b {r0}", r0=value)
    assert "r0" not in netlist.text


def test_a_netlist_is_its_lines_with_the_numbers_in():
    netlist = Netlist("divider")
    netlist.add("v1 in 0 {v1}", v1=np.float64(1.5))
    netlist.add("r1 in out {r}", r=1000)
    netlist.add_fixed(["r2 out 0 {kept}", ".op"])
    assert netlist.text == "* divider\nv1 in 0 1.5\nr1 in out 1000\nr2 out 0 {kept}\n.op\n.end\n"
    other = Netlist("divider")
    assert netlist.digest() != other.digest()


def test_pwl_expression_lists_times_and_values():
    text = pwl_expression(2e-12, np.array([0.5, -1.25, 3.0])).replace("\n+ ", "")
    assert text == "pwl(time,0,0.5,2e-12,-1.25,4e-12,3)"
    with pytest.raises(InputError, match="finite"):
        pwl_expression(1e-12, np.array([0.0, np.nan]))
    with pytest.raises(InputError, match="finite"):
        pwl_expression(1e-12, np.array([0.0]))
