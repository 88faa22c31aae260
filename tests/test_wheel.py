"""The wheel holds one package and works outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("nvmcosim-*.whl"))


def test_nothing_but_nvmcosim_stands_at_the_top(wheel) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"nvmcosim"}
    for folder in ("pymodel", "hdl", "spice", "cocotb_tests"):
        shipped = {n for n in names if n.startswith(f"nvmcosim/{folder}/") and n.endswith(".py")}
        tree = {f"nvmcosim/{p.relative_to(ROOT)}" for p in (ROOT / folder).rglob("*.py")}
        assert shipped == tree
    assert "nvmcosim/py.typed" in names
    assert not [n for n in names if "/tests/" in n]


def test_an_installed_wheel_generates_verilog(wheel, tmp_path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site)]
    subprocess.run([*pip, str(wheel)], check=True)
    plan = tmp_path / "plan.toml"
    plan.write_text('kind = "store"\nformat = "bf16"\nbsp = 6\nlong = "20 ns"\nshort = "0 ns"\n')
    script = (
        "import sys, nvmcosim, nvmcosim.cli;"
        f"assert nvmcosim.__file__.startswith({str(site)!r}), nvmcosim.__file__;"
        "sys.argv = ['nvmcosim', 'verilog', 'plan.toml', '--out', 'rtl'];"
        "nvmcosim.cli.main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env=environment)
    assert [p.suffix for p in sorted((tmp_path / "rtl").iterdir())] == [".json", ".v"]
