"""The example plans through every view, and what one changed line does to all five."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nvmcosim import InputError, LinePlan, StorePlan, WriteCurve, load_plan, view
from nvmcosim.pymodel.device.in_plane_spec import load_any_device
from nvmcosim.pymodel.device.presets import IN_PLANE_PRESETS, preset
from nvmcosim.pymodel.device.spec import load_device
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.files import write_text

EXAMPLES = Path(__file__).parents[1] / "examples"
PLANS = ("ono2021", "three-domain", "retry", "fp16", "locatelli2018")
#: Enough samples to make a curve, far too few for a good one.
SAMPLES = 20


def plan_of(name: str) -> StorePlan:
    plan = load_plan(EXAMPLES / f"{name}.toml")
    assert isinstance(plan, StorePlan)
    return plan


@cache
def curve_of(device: str) -> WriteCurve:
    """The curve view of a plan with `device`, by a few samples of ngspice."""
    plan = plan_of("ono2021").replace(device=device)
    try:
        return view(plan, "curve")(plan, samples=SAMPLES, progress=False)
    except MissingTool as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> WriteCurve:
    return curve_of(plan_of("ono2021").device)


def test_every_plan_file_is_tested() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.toml")}
    assert files == {*PLANS, "stt-65nm", "ip-20x58", "ho2021", "mondal2018", "wang2020"}


def test_the_line_plan_has_golden_model_rtl_and_bench() -> None:
    plan = load_plan(EXAMPLES / "ho2021.toml")
    assert plan == LinePlan("fp32")
    golden = view(plan, "golden")(plan, 2)
    # The 11 low bits are the other bits of groups whose important ones are the 11 above.
    golden.write(1, np.arange(16, dtype=np.uint32) * 0x801)
    assert golden.contents[1].tolist() == [n * 0x801 for n in range(16)]
    golden.write(1, np.arange(16, dtype=np.uint32) * 0x800)
    assert golden.contents[1].tolist() == [n * 0x801 for n in range(16)]
    assert view(plan, "rtl").block == "appwom-line"
    assert view(plan, "bench").__module__.endswith("appwom_line")
    with pytest.raises(InputError, match="a line plan has no 'curve' view"):
        view(plan, "curve")


def test_the_device_file_is_the_built_in_device() -> None:
    assert load_device(EXAMPLES / "stt-65nm.toml").digest() == preset("stt-65nm").digest()
    in_plane = load_any_device(EXAMPLES / "ip-20x58.toml")
    assert in_plane.digest() == IN_PLANE_PRESETS["ip-20x58"].digest()


@pytest.mark.parametrize("name", PLANS)
def test_curve_covers_the_plans_pulses(name: str, curve: WriteCurve) -> None:
    rates = curve.failure_rate(plan_of(name).bit_pulse_ps)
    assert ((rates >= 0) & (rates <= 1)).all()
    assert curve.energy_unit == "J"


@pytest.mark.parametrize("name", PLANS)
def test_golden_model_and_training_agree_on_what_a_store_drives(
    name: str, curve: WriteCurve
) -> None:
    torch = pytest.importorskip("torch")
    plan = plan_of(name)
    rows = 32
    network = torch.nn.Linear(plan.bank_words * rows, 1, bias=False)
    # Zeros, so that a memory of zeros needs no change and draws decide nothing.
    torch.nn.init.zeros_(network.weight)
    memory = view(plan, "training")(network, plan, curve=curve)
    memory.end_epoch()
    store = view(plan, "golden")(plan, curve, rows)
    store.store(np.zeros((rows, plan.bank_words), plan.number_format.dtype))
    assert memory.ledger.words == store.contents.size
    assert (memory.ledger.driven_bits == store.counters.driven_bits).all()
    assert memory.ledger.energy == pytest.approx(store.counters.energy(plan, curve))


@pytest.mark.parametrize("name", PLANS)
def test_rtl_is_verilog_of_the_plan(name: str) -> None:
    from nvmcosim.hdl.block import build_block

    plan = plan_of(name)
    block = build_block(plan)
    assert block.sidecar["plan_digest"] == plan.digest()
    assert f"module {block.name}(" in block.verilog
    assert view(plan, "rtl").__name__ == "StoreController"


def test_bench_holds_every_plan_to_the_golden_model(curve: WriteCurve) -> None:
    from nvmcosim.cocotb_tests.tools import Simulator

    plans = [plan_of(name) for name in PLANS]
    try:
        (result,) = view(plans[0], "bench")(plans, curve, (Simulator.ICARUS,), vectors=30, seed=1)
    except MissingTool as error:
        pytest.skip(str(error))
    assert (result.vectors, result.mismatches) == (30 * len(plans), 0)


def of_views(plan: StorePlan, curve: WriteCurve) -> dict[str, Any]:
    """What each view but the bench makes of `plan`, as values that compare."""
    torch = pytest.importorskip("torch")
    from nvmcosim.hdl.block import build_block

    store = view(plan, "golden")(plan, curve, 256)
    words = np.random.Generator(np.random.Philox(0)).integers(0, 1 << plan.width, (256, 1))
    store.store(words.astype(plan.number_format.dtype))
    network = torch.nn.Linear(64, 8)
    with torch.no_grad():
        network.weight.copy_(torch.linspace(-1, 1, 512).view(8, 64))
        network.bias.zero_()
    memory = view(plan, "training")(network, plan, curve=curve)
    memory.end_epoch()
    return {
        "curve": curve.failure_rate(plan.bit_pulse_ps).tolist(),
        "golden": hashlib.sha256(store.contents.tobytes()).hexdigest(),
        "rtl": build_block(plan).verilog,
        "training": memory.ledger.to_dict()["driven_bits"],
    }


def test_one_line_of_a_plan_file_changes_its_views(tmp_path: Path, curve: WriteCurve) -> None:
    text = (EXAMPLES / "ono2021.toml").read_text()
    assert text.count('short = "0 ns"') == 1
    changed = text.replace('short = "0 ns"', 'short = "5 ns"')
    before, after = (
        load_plan(write_text(tmp_path / name / "plan.toml", content))
        for name, content in (("before", text), ("after", changed))
    )
    assert before.digest() != after.digest()
    old, new = (of_views(plan.replace(device="x"), curve) for plan in (before, after))  # type: ignore[attr-defined]
    for name in old:
        assert old[name] != new[name], name


def test_bench_of_one_plan_refuses_the_hardware_of_the_other(curve: WriteCurve) -> None:
    from nvmcosim.cocotb_tests.tools import Simulator

    before = plan_of("ono2021")
    after = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns", seed=1)
    verilog: list[str] = []

    def keep(text: str) -> str:
        verilog.append(text)
        return text

    def run(plan: StorePlan, edit: Callable[[str], str]) -> Any:
        (result,) = view(plan, "bench")(
            plan, curve, (Simulator.ICARUS,), vectors=20, seed=1, edit=edit
        )
        return result

    try:
        assert run(after, keep).mismatches == 0
    except MissingTool as error:
        pytest.skip(str(error))
    assert run(before, lambda text: verilog[0]).mismatches > 0


def test_ra_of_the_device_file_moves_failures_and_energy(tmp_path: Path, curve: WriteCurve) -> None:
    text = (EXAMPLES / "stt-65nm.toml").read_text()
    assert text.count('ra = "18 ohm*um^2"') == 1
    device = write_text(tmp_path / "stt.toml", text.replace('ra = "18 ', 'ra = "22 '))
    other = curve_of(str(device))
    assert other.digest != curve.digest
    # More resistance, less current: slower to switch, and cheaper a nanosecond.
    assert float(other.failure_rate(10_000)) > 1.2 * float(curve.failure_rate(10_000))
    assert other.energy(20_000).sum() < 0.95 * curve.energy(20_000).sum()
