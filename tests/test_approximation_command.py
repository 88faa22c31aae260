"""`nvmcosim approximate` on files."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nvmcosim.approximation.kept import read_arrays
from nvmcosim.cli import app
from nvmcosim.pymodel.errors import InputError


def call(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["approximate", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "w.npz", w0=rng.normal(size=(9, 5)), w1=rng.normal(size=(5, 2)))
    np.savez(tmp_path / "x.npz", x=rng.random((80, 9)))
    return tmp_path / "w.npz", tmp_path / "x.npz"


def test_weights_in_weights_and_report_out(files: tuple[Path, Path], tmp_path: Path) -> None:
    weights, inputs = files
    out = tmp_path / "out"
    base = ("--weights", weights, "--inputs", inputs, "--phi", 0.05, "--out", out)
    report = json.loads(call(*base, "--samples", 50, "--json"))
    assert report == json.loads((out / "report.json").read_text())
    found, was = read_arrays(out / "weights.npz"), read_arrays(weights)
    x = np.load(inputs)["x"]
    assert found is not None
    assert was is not None

    def outputs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.tanh(np.tanh(x @ first) @ second)

    m = found["scales"]
    now = outputs(m[0] * found["w0"], m[1] * found["w1"])
    off = np.abs(now - outputs(was["w0"], was["w1"]))
    # Fifty of the eighty are kept within the threshold; the report says how many of the rest are.
    assert (off.max(axis=1) <= 0.05).sum() >= 50
    assert report["rest"]["samples"] == 30
    assert (off.max(axis=1) > 0.05).sum() == round(30 * report["rest"]["share"])
    assert report["power_mw"][1] < report["power_mw"][0]
    # What came out goes in again, and the columns that are kept are taken.
    again = call("--weights", out / "weights.npz", "--inputs", inputs, "--out", tmp_path / "two")
    assert "outside their threshold: 0 outputs" in again
    text = call(*base, "--thresholds", "0.01,0.05", "--samples", 50)
    assert "layer 1: phi 0.01" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --network, or both"),
        (("--weights", "w.npz", "--inputs", "x.npz", "--phi", "-1"), "phi is -1.0"),
        (("--weights", "w.npz", "--inputs", "x.npz", "--samples", "81"), "samples is 81; it must"),
        (("--weights", "x.npz", "--inputs", "x.npz"), "has the arrays x; it must have w0"),
        (("--weights", "w.npz", "--inputs", "w.npz"), "has no array x"),
        (
            ("--weights", "none.npz", "--inputs", "x.npz"),
            "none.npz is no file; it must be an npz file",
        ),
        (("--weights", "w.npz", "--inputs", "x.npz", "--thresholds", "0.3,nan"), "phi is nan"),
        (("--weights", "w.npz", "--inputs", "x.npz", "--thresholds", "a"), "thresholds is 'a'"),
        (("--weights", "w.npz", "--inputs", "x.npz", "--thresholds", "0.1"), "1 thresholds are"),
        (("--network", "lenet"), "network is 'lenet'; it must be one of mnist-1"),
        (
            ("--weights", "w.npz", "--inputs", "x.npz", "--thresholds", "1,0.0001"),
            "the threshold 0.0001 is infeasible: .*no weights keep neuron . within it on sample",
        ),
    ],
)
def test_wrong_input_is_a_sentence(
    arguments: tuple[str, ...],
    said: str,
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(files[0].parent)
    with pytest.raises(InputError, match=said):
        CliRunner().invoke(app, ["approximate", *arguments], catch_exceptions=False)


def test_inputs_that_do_not_fit_a_network_are_refused_before_it_is_trained(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files[0].parent)
    options = ["approximate", "--network", "sonar-1", "--inputs", "x.npz", "--out", "o"]
    with pytest.raises(InputError, match=r"x has the shape \(80, 9\); it must be \(samples, 60\)"):
        CliRunner().invoke(app, options, catch_exceptions=False)
    assert not Path("o").exists()
