import numpy as np
import pytest

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.device.precessional import CERTAIN, PrecessionalPulse
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pulse_code import PulseCodes

MTJ = InPlaneMtj()


@pytest.mark.parametrize("generator", ["bms", "normal"])
@pytest.mark.parametrize(("p_bits", "tick_ps", "fine_ps"), [(8, 1000, 3.0), (5, 250, 7.5)])
def test_codes_are_the_nearest_pulse_of_the_law(generator, p_bits, tick_ps, fine_ps):
    codes = PulseCodes.of(MTJ, p_bits, tick_ps, fine_ps, generator)
    write = PrecessionalPulse(MTJ)
    top = 1 << p_bits
    for n in range(top + 1):
        p = n / top
        inverted = generator == "bms" and p < 0.5
        switch = min(p if inverted else 1 - p, CERTAIN)
        pulse = codes.coarse[n] * tick_ps + codes.fine[n] * fine_ps
        wanted = float(write.pulse_for(switch)) * 1e12
        assert abs(pulse - wanted) <= fine_ps / 2 + 1e-9 or codes.fine[n] == 0
        assert abs(pulse - wanted) <= fine_ps
        assert 0 <= codes.fine[n] * fine_ps < tick_ps
        assert codes.invert[n] == inverted
        switched = float(write.probability(pulse * 1e-12))
        assert codes.switch_probability[n] == pytest.approx(switched, abs=1e-12)
        assert codes.probability[n] == pytest.approx(switched if inverted else 1 - switched)
    assert codes.pulse_ps.max() <= codes.write_cycles * tick_ps


def test_three_picoseconds_suffice_for_eight_bits():
    # PHYSICS.md: eight-bit p needs steps of about 3 ps; within half a step of p everywhere.
    codes = PulseCodes.of(MTJ)
    assert np.abs(codes.probability - np.arange(257) / 256).max() < 0.5 / 256
    coarse = PulseCodes.of(MTJ, fine_ps=12.0)
    assert np.abs(coarse.probability - np.arange(257) / 256).max() > 0.5 / 256


def test_a_biased_generator_has_exact_ends_and_half_the_write():
    biased, normal = PulseCodes.of(MTJ), PulseCodes.of(MTJ, generator="normal")
    assert biased.probability[[0, 256]].tolist() == [0.0, 1.0]
    # Not both: the normal generator would need a certain switch for 0.
    assert normal.probability[256] == 1.0
    assert normal.probability[0] == pytest.approx(1 - CERTAIN, rel=0.02)
    assert biased.invert.sum() == 128
    # Table I: 3.40 against 1.49 ns of write, in cycles of 1 ns.
    assert (normal.write_cycles, biased.write_cycles) == (4, 2)
    assert (biased.reset_cycles, biased.read_cycles, biased.bit_cycles) == (5, 2, 9)
    upper = slice(128, 257)
    assert np.array_equal(biased.coarse[upper], normal.coarse[upper])
    # Symmetric codes below a half, up to the inversion.
    assert np.array_equal(biased.fine[:128], biased.fine[:128:-1])


def test_energy_is_reset_write_read_and_mux():
    codes = PulseCodes.of(MTJ, generator="normal")
    write, n = PrecessionalPulse(MTJ), 64
    pulse = codes.pulse_ps[n] * 1e-12
    share = float(codes.switch_probability[n])
    # 0.46 pJ is the paper's reset; its bias of 0.796 V follows from the 4.33 ns.
    least = float(write.energy_j(pulse)) + share * 0.452e-12
    assert least < codes.energy_j[n] < least + 0.012e-12
    biased = PulseCodes.of(MTJ)
    assert biased.energy_j[192] == pytest.approx(codes.energy_j[192] + 1e-15, rel=1e-9, abs=0)
    assert biased.energy_j[64] == pytest.approx(biased.energy_j[192], rel=1e-9, abs=0)


def test_a_reset_at_every_bit_costs_where_nothing_has_switched() -> None:
    changed, always = PulseCodes.of(MTJ), PulseCodes.of(MTJ, reset_rule="always")
    # The bias at which 4.33 ns reset with 99.9%, and Ohm's law in the antiparallel state.
    idle_pj = 0.7955 * float(MTJ.current_a("AP", 0.7955)) * 4.33e-9 * 1e12
    more_pj = (always.energy_j - changed.energy_j) * 1e12
    assert more_pj == pytest.approx((1 - changed.switch_probability) * idle_pj, rel=2e-3, abs=0)
    assert always.digest() != changed.digest()
    assert PulseCodes.from_dict(always.to_dict()) == always


def test_the_next_clock_is_taken_where_it_is_nearer_than_a_step() -> None:
    codes = PulseCodes.of(MTJ, fine_ps=700.0)
    write = PrecessionalPulse(MTJ)
    grid = np.array([n * 1000 + k * 700.0 for n in range(12) for k in (0, 1)])
    switch = np.minimum(np.where(codes.invert, np.arange(257), 256 - np.arange(257)) / 256, CERTAIN)
    wanted = write.pulse_for(switch) * 1e12
    nearest = np.abs(wanted[:, None] - grid).min(axis=1)
    assert np.abs(codes.pulse_ps - wanted) == pytest.approx(nearest, abs=1e-6)


def test_codes_are_frozen_shared_and_named():
    codes = PulseCodes.of(MTJ)
    assert PulseCodes.of(MTJ, 8) is codes
    assert PulseCodes.from_dict(codes.to_dict()) == codes
    assert codes.digest() != PulseCodes.of(MTJ, fine_ps=6.0).digest()
    with pytest.raises(ValueError, match="read-only"):
        codes.fine[0] = 1


def test_a_junction_by_name_is_refused() -> None:
    with pytest.raises(InputError, match="the junction is 'ip-20x58'; it must be an InPlaneMtj"):
        PulseCodes.of("ip-20x58")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p_bits": 0}, "p_bits is 0"),
        ({"p_bits": 8.0}, "p_bits is 8.0"),
        ({"tick_ps": 0}, "tick_ps is 0"),
        ({"fine_ps": 0}, "fine_ps is 0"),
        ({"fine_ps": 1001}, "fine_ps is 1001"),
        ({"fine_ps": float("nan")}, "fine_ps is nan"),
        ({"generator": "lfsr"}, "generator is 'lfsr'"),
        ({"reset_rule": "never"}, "reset_rule is 'never'; it must be one of changed, always"),
        ({"bias_v": 0.1}, "takes more than"),
        ({"bias_v": "1 V"}, "bias_v is '1 V'"),
        ({"reset_ps": 1}, "no bias up to"),
        ({"read_ps": 0}, "read_ps is 0"),
    ],
)
def test_wrong_input_is_named(change, words):
    with pytest.raises(InputError, match=words):
        PulseCodes.of(MTJ, **change)
