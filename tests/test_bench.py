"""The benches: how they measure and what they print; never how fast anything is."""

import json
import subprocess
import sys

import numpy as np
import pytest

from nvmcosim.bench.device import bench_device, missing_ngspice, numpy_switching_times
from nvmcosim.bench.pcm import PLANS, TRAINED, bench_pcm
from nvmcosim.bench.stochastic import LIMITS_US, bench_stochastic, missing_peers, numpy_sums
from nvmcosim.bench.store import RATES, bench_store
from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.bench.training import bench_training
from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import switching_moments
from nvmcosim.pymodel.device.moments import SampleMoments
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.line_plan import SCHEMES

MAIN = "from nvmcosim.cli import main; main()"


def test_contestants_run_in_turn_and_prepare_outside_the_clock(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("nvmcosim.bench.timing.perf_counter", lambda: next(clock))
    calls = []

    def contestant(name, ticks, **others):
        def run():
            calls.append(name)
            for _ in range(ticks):
                next(clock)

        return Contestant(name, run, lambda: next(clock), **others)

    medians = interleaved([contestant("a", 0), contestant("b", 4), contestant("c", 9, rounds=1)], 3)
    assert medians == {"a": 1, "b": 5, "c": 10}
    # A round to warm up, then three; the order turns.
    assert "".join(calls) == "cab" + "abc" + "ba" + "ab"


def test_a_ratio_is_value_over_reference():
    result = BenchResult.of("x", 3.0, "ns", "y", 2.0)
    assert result.to_dict() == {
        "name": "x",
        "value": 3.0,
        "unit": "ns",
        "reference": "y",
        "reference_value": 2.0,
        "ratio": 1.5,
    }


def test_the_store_bench_times_what_it_names():
    ticks = []
    results = bench_store(10_001, 1, progress=lambda: ticks.append(1))
    names = [result.name for result in results]
    assert len(ticks) == 2
    assert {"torch.clone", "torch.copy_", "dense-from-fp32", "naive-torch", *RATES} <= set(names)
    for result in results:
        assert result.unit == "ns/weight"
        assert result.reference == "torch.clone"
        assert result.value > 0
        assert result.ratio == result.value / result.reference_value
    assert sorted(RATES["dense"]) == [0.01] * 8 + [0.5] * 8


def test_the_pcm_bench_times_every_scheme_its_memory_and_trained_steps():
    ticks = []
    results = {r.name: r for r in bench_pcm(20_000, 1, 1, progress=lambda: ticks.append(1))}
    assert len(ticks) == len(PLANS) + len(TRAINED)
    assert set(results) == {
        *PLANS,
        *(f"memory-{p}" for p in PLANS),
        *(f"lenet-step-{t}" for t in TRAINED),
    }
    assert {plan.scheme for plan in PLANS.values()} == set(SCHEMES)
    for name in PLANS:
        assert results[name].unit == "ns/weight"
        # What lies beside two bytes a cell: cells, polarity and the six planes of flips.
        taken = results[f"memory-{name}"].value * 2**30 / 20_000
        cells = PLANS[name].word_cells
        assert 2 * cells < taken < 4 * cells
    assert all(result.ratio == result.value / result.reference_value for result in results.values())


def test_the_stochastic_bench_times_what_it_names():
    ticks = []
    found = bench_stochastic(100, 1, slow=False, progress=lambda: ticks.append(1))
    results = {result.name: result for result in found}
    assert list(results) == [*LIMITS_US, "fresh-fsm", "network", "torch-float"]
    assert {result.unit for result in found} == {"us/sample"}
    for name, limit in LIMITS_US.items():
        assert results[name].reference_value == limit
    assert len(ticks) == 2
    assert all("is not installed" in sentence for sentence in missing_peers())


def test_the_naive_layer_of_the_bench_is_a_layer():
    """256 weights of exactly -1 or 1 on inputs of exactly -1 or 1: nothing is random."""
    rng = np.random.default_rng(0)
    weights, x = rng.integers(0, 2, (3, 256)), rng.integers(0, 2, 256)
    words = np.where(weights[..., None] == 1, np.uint64(2**64 - 1), np.uint64(0))
    words = np.repeat(words, 2, axis=-1)
    sums = numpy_sums(rng, 2.0 * x - 1, words, 128)
    assert (sums == (2 * weights - 1) @ (2 * x - 1)).all()


def test_the_naive_store_of_the_bench_is_a_store():
    import torch

    from nvmcosim.bench.store import _Memory

    memory = _Memory(torch.randn(500).bfloat16())
    held, wanted = memory.words.clone(), memory.source.view(torch.int16).clone()
    counts = memory.naive((1.0,) * 5 + (0.0,) * 11)()
    expected = wanted & ~31 | held & 31
    assert torch.equal(memory.words, expected)
    assert torch.equal(memory.values.view(torch.int16), expected)
    differing = wanted ^ expected
    assert counts.tolist() == [int((differing >> bit & 1).sum()) for bit in range(16)]


def test_the_training_bench_compares_epochs_and_steps(monkeypatch):
    monkeypatch.setattr("nvmcosim.bench.training._IMAGES", 4)
    monkeypatch.setattr("nvmcosim.bench.training._BATCH", 2)
    results = bench_training(1, 1)
    names = [result.name for result in results]
    assert "per-epoch-mp-bsp6-5ns" in names
    assert "per-step-mn-bsp6-0ns" in names
    assert {f"per-step-locatelli2018-{name}" for name in ("0.1", "1", "8@50", "8@90")} <= set(names)
    assert all(result.ratio > 0 for result in results)


def test_the_device_bench_counts_device_time(monkeypatch):
    ticks = []
    results = bench_device(1000, 1, progress=lambda: ticks.append(1))
    assert len(ticks) == 2
    by_name = {result.name: result for result in results}
    assert {"llg-1d", "numpy-1d", "llg-cartesian", "llg-1d-million"} <= set(by_name)
    if not missing_ngspice():
        assert by_name["ngspice-1d"].unit == "device-ns/s"
    assert by_name["llg-1d"].reference == "numpy-1d"
    # A thousand samples of 4.16 ns, in a thousandth of the seconds that a million takes.
    seconds = by_name["llg-1d-million"].value / 1000
    assert by_name["llg-1d"].value == pytest.approx(4160 / seconds, rel=0.05)


def test_the_naive_integrator_of_the_bench_solves_the_equation():
    drive = Drive.constant(preset("locatelli2018").mtj, 2.0)
    exact = switching_moments(drive)
    found = SampleMoments.of(numpy_switching_times(drive, 20_000, 1), 0.999)
    # Its step near the pole is cut short, which costs it up to 1%.
    assert found.mean.low < exact.mean_s * 1.01
    assert found.mean.high > exact.mean_s * 0.99
    assert found.deviation.value == pytest.approx(exact.deviation_s, rel=0.03)


def test_a_bench_without_ngspice_leaves_it_out(monkeypatch):
    monkeypatch.setattr("nvmcosim.bench.device.missing_ngspice", lambda: "not installed")
    names = {result.name for result in bench_device(1000, 1)}
    assert "ngspice-1d" not in names
    assert "llg-cartesian" in names


def test_the_command_prints_one_json_object(tmp_path):
    arguments = ["--weights", "5000", "--rounds", "1", "--no-slow", "--json", "--out", tmp_path]
    command = [sys.executable, "-c", MAIN, "bench", "store", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    value = json.loads(done.stdout)
    written = json.loads((tmp_path / "bench-store.json").read_text())
    assert written["provenance"]["configuration"] == {"weights": 5000, "rounds": 1}
    assert written["results"] == value["results"]
    assert value["processor"]
    assert {result["name"] for result in value["results"]} >= {"dense", "sparse-1e-3"}


@pytest.mark.parametrize(
    "arguments",
    [["store", "--weights", "0"], ["training", "--steps", "x"], ["device", "--samples", "1"]],
)
def test_wrong_arguments_exit_with_2(arguments):
    command = [sys.executable, "-c", MAIN, "bench", *arguments]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
