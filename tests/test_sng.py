import numpy as np
import pytest

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.device.precessional import PrecessionalPulse
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pulse_code import PulseCodes
from nvmcosim.pymodel.sng import TABLE1_POWER_W, Sng, sng_energy_j, sng_power_w

NORMAL, BIASED = Sng("normal"), Sng("bms")


def test_table_1_times():
    assert NORMAL.bit_s == pytest.approx(9.73e-9, rel=0.001, abs=0)
    assert BIASED.bit_s == pytest.approx(7.82e-9, rel=0.001, abs=0)


@pytest.mark.parametrize("sng", [NORMAL, BIASED], ids=["normal", "bms"])
def test_mean_energy_is_the_quadrature_over_p(sng):
    # Pieces that shrink towards the steep ends, each by a Gauss-Legendre rule.
    half = np.concatenate([[0.0], 0.5 / 4.0 ** np.arange(16)[::-1]])
    edges = np.concatenate([half, [1 - 1e-3], 1 - half[::-1][1:]])
    edges.sort()
    nodes, weights = np.polynomial.legendre.leggauss(16)
    width = np.diff(edges)[:, None] / 2
    p = np.clip(edges[:-1, None] + width * (nodes + 1), 0, 1)
    exact = float((sng.energy_j(p) * width * weights).sum())
    assert float(sng.mean_energy.total_j) == pytest.approx(exact, rel=1e-5, abs=0)


def test_mean_energies_without_the_read_as_worked_out_before():
    # PHYSICS.md: 0.571/0.379 pJ over continuous p, 0.586/0.327 on an 11-point grid.
    grid = np.linspace(0, 1, 11)
    for sng, mean, points in ((NORMAL, 0.571, 0.586), (BIASED, 0.379, 0.327)):
        uniform = sng.mean_energy
        assert float(uniform.reset_j + uniform.write_j) == pytest.approx(
            mean * 1e-12, rel=0.002, abs=0
        )
        parts = sng.energy(grid)
        assert (parts.reset_j + parts.write_j).mean() == pytest.approx(
            points * 1e-12, rel=0.002, abs=0
        )


def test_energy_by_hand_at_a_half():
    write, mtj = PrecessionalPulse(InPlaneMtj()), InPlaneMtj()
    t50 = float(write.pulse_for(0.5))
    read = 0.1 * 2e-9 * 0.5 * float(mtj.current_a("P", 0.1) + mtj.current_a("AP", 0.1))
    reset = PrecessionalPulse(mtj, "P-AP", NORMAL.reset_bias_v)
    expected = float(write.energy_j(t50)) + 0.5 * float(reset.energy_j(4.33e-9)) + read
    assert NORMAL.energy_j(0.5) == pytest.approx(expected, rel=1e-9, abs=0)
    assert BIASED.energy_j(0.5) == pytest.approx(expected + 1e-15, rel=1e-9, abs=0)


def test_fig_4b_shapes():
    p = np.linspace(0, 1, 201)
    normal, biased = NORMAL.energy_j(p), BIASED.energy_j(p)
    assert (np.diff(normal) <= 0).all()
    assert biased == pytest.approx(biased[::-1], rel=1e-9, abs=0)
    assert biased.argmax() == 100
    assert (biased[:100] < normal[:100]).all()
    assert biased[100:] == pytest.approx(normal[100:] + 1e-15, rel=1e-9, abs=0)


def test_codes_cost_what_their_numbers_do():
    codes = PulseCodes.of(InPlaneMtj(), fine_ps=0.1)
    exact = sng_energy_j(np.arange(257) / 256)
    assert codes.energy_j == pytest.approx(exact, rel=2e-3, abs=0)


def test_power_is_energy_over_time_or_scaled_to_table_1():
    p = np.random.default_rng(3).random((25, 200))
    for name, sng in (("normal", NORMAL), ("bms", BIASED)):
        assert sng_power_w(p, name) == pytest.approx(sng.energy_j(p) / sng.bit_s, rel=1e-9, abs=0)
        scaled = sng_power_w(p, name, "table1")
        factor = TABLE1_POWER_W[name] / float(sng.mean_energy.total_j)
        assert scaled == pytest.approx(sng.energy_j(p) * factor, rel=1e-9, abs=0)
        # Few or many, each number costs the same.
        assert sng_power_w(p[0], name) == pytest.approx(sng_power_w(p, name)[0], rel=1e-12, abs=0)
    assert sng_power_w(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sng_power_w(1.5), r"p is 1.5; it must lie in \[0, 1\]"),
        (lambda: sng_power_w([0.5, -0.1]), "p is -0.1"),
        (lambda: sng_power_w(float("nan")), "p is nan"),
        (lambda: sng_power_w(0.5, "lfsr"), "generator is 'lfsr'"),
        (lambda: sng_power_w(0.5, reading="paper"), "reading is 'paper'"),
        (lambda: Sng(reset_s=0.0), "reset_s is 0"),
        (lambda: Sng(mux_j=-1.0), "mux_j is -1"),
    ],
)
def test_wrong_input_is_named(make, words):
    with pytest.raises(InputError, match=words):
        make()
