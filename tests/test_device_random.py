import numpy as np
from scipy import stats

from nvmcosim.pymodel.device.random_kernel import normal, stream, uniform


def test_normal_deviates_are_normal_tail_included():
    state = stream(11, 0)
    draws = np.array([normal(state) for _ in range(1_000_000)])
    assert stats.kstest(draws, "norm").pvalue > 1e-3
    assert abs(draws.var() - 1) < 0.006
    assert abs((draws**4).mean() - 3) < 0.04
    # beyond the ziggurat's last layer, 3.4426, the tail has code of its own
    beyond = np.abs(draws[np.abs(draws) > 3.4426])
    assert abs(beyond.size - 2e6 * stats.norm.sf(3.4426)) < 100
    assert (
        stats.kstest(beyond, lambda x: 1 - stats.norm.sf(x) / stats.norm.sf(3.4426)).pvalue > 1e-3
    )


def test_streams_and_seeds_do_not_share_numbers():
    first = np.array([[normal(stream(s, k)) for k in range(3000)] for s in (0, 1, 2**40)])
    second = np.roll(first, 1, axis=1)
    assert np.abs(np.corrcoef(first) - np.eye(3)).max() < 0.08
    assert (
        np.abs([np.corrcoef(a, b)[0, 1] for a, b in zip(first, second, strict=True)]).max() < 0.08
    )
    assert stats.kstest(first.ravel(), "norm").pvalue > 1e-3


def test_uniform_is_uniform_and_never_at_its_ends():
    state = stream(3, 4)
    draws = np.array([uniform(state) for _ in range(100_000)])
    assert draws.min() > 0
    assert draws.max() < 1
    assert stats.kstest(draws, "uniform").pvalue > 1e-3
