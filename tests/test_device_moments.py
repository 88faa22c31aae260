import math

import numpy as np
import pytest
from scipy import stats

from nvmcosim.pymodel.device.moments import SampleMoments
from nvmcosim.pymodel.errors import InputError


def test_moments_are_scipys():
    times = stats.gamma(5).rvs(500, random_state=1) * 1e-9
    found = SampleMoments.of(times)
    assert found.mean.value == pytest.approx(times.mean())
    assert found.deviation.value == pytest.approx(times.std())
    assert found.skewness.value == pytest.approx(stats.skew(times))
    half = 1.959964 * times.std() / math.sqrt(500)
    assert found.mean.high - found.mean.value == pytest.approx(half, rel=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say():
    shape, runs = 14.0, 2000
    random = np.random.Generator(np.random.Philox(key=3))
    kept = np.zeros(3)
    for _ in range(runs):
        found = SampleMoments.of(random.gamma(shape, size=400), 0.9)
        truth = (shape, math.sqrt(shape), 2 / math.sqrt(shape))
        kept += [found[n].holds(truth[n]) for n in range(3)]
    # Four binomial deviations are 2.7 points; the third moment's interval is known to run short.
    assert kept[:2] / runs == pytest.approx([0.9, 0.9], abs=0.03)
    assert 0.8 < kept[2] / runs < 0.93


def test_what_has_no_moments_is_refused():
    for times in ([1e-9] * 9, [1e-9] * 20 + [math.inf], [[1e-9] * 20]):
        with pytest.raises(InputError, match="at least 10 switching times"):
            SampleMoments.of(times)
    with pytest.raises(InputError, match="all switching times are equal"):
        SampleMoments.of([1.0] * 20)
    with pytest.raises(InputError, match="confidence is 1"):
        SampleMoments.of([1.0, 2.0] * 10, 1)
