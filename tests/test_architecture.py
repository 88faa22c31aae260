"""The arrows between the folders go one way; light imports stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: What each folder may import of the others.
MAY = {
    "pymodel": {"pymodel"},
    "hdl": {"hdl", "pymodel"},
    "spice": {"spice", "pymodel"},
    # The analogue bench drives ngspice cells.
    "cocotb_tests": {"cocotb_tests", "hdl", "pymodel", "spice"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("folder", MAY)
def test_arrows_go_one_way(folder) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        for name in imports(path):
            assert name.split(".")[0] not in MAY, f"{path}: import it as nvmcosim.{name}"
            if name.startswith("nvmcosim"):
                parts = name.split(".")
                assert len(parts) > 1, f"{path} imports {name}"
                assert parts[1] in MAY[folder], f"{path} imports {name}"


def test_only_spice_imports_pyspice_and_only_the_plugin_torch() -> None:
    for folder in MAY:
        for path in (ROOT / folder).rglob("*.py"):
            tops = {name.split(".")[0] for name in imports(path)}
            assert folder == "spice" or "PySpice" not in tops, path
            if folder == "pymodel" and "torch" not in path.name:
                assert "torch" not in tops, path


def test_the_front_door_loads_nothing_heavy() -> None:
    script = (
        "import sys, nvmcosim, nvmcosim.cli;"
        "heavy = 'torch', 'numba', 'amaranth', 'PySpice', 'cocotb', 'matplotlib', 'dask', 'cvxpy',"
        "    'highspy';"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
