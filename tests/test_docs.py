"""Commands that the documents show exist, with those options; the tutorial's own can be run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nvmcosim.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def blocks(path: Path) -> list[str]:
    """The document's fenced blocks of shell commands: those marked `sh`, or not at all."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in ("", "sh")]


def commands(text: str) -> list[list[str]]:
    """Calls of nvmcosim in shell text, as lists of arguments."""
    joined = text.replace("\\\n", " ")
    lines = [line.strip().removeprefix("$ ") for line in joined.splitlines()]
    calls = [line for line in lines if line.startswith("nvmcosim ")]
    return [shlex.split(line.split(" > ")[0].split(" | ")[0], comments=True)[1:] for line in calls]


CALLS = [
    pytest.param(call, id=f"{path.stem}:{' '.join(call)}")
    for path in DOCUMENTS
    for text in blocks(path)
    for call in commands(text)
]


def test_documents_show_commands() -> None:
    assert len(CALLS) > 10


@pytest.mark.parametrize("call", CALLS)
def test_documented_options_exist(call: list[str]) -> None:
    result = CliRunner().invoke(app, [*call, "--help"])
    assert result.exit_code == 0, result.output


def test_an_option_that_does_not_exist_would_be_found() -> None:
    assert CliRunner().invoke(app, ["demo", "--nothing", "--help"]).exit_code == 2


def test_every_command_is_documented() -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shown = {str(param.values[0][0]) for param in CALLS}  # type: ignore[index]
    text = "".join(path.read_text() for path in DOCUMENTS)
    missing = {name for name in known if name not in shown and f"nvmcosim {name}" not in text}
    assert not {name for name in missing if f"`{name}" not in text and f", `{name}`" not in text}


@pytest.mark.full
def test_the_tutorials_commands_run_as_typed(tmp_path: Path) -> None:
    """All of them in one shell, from top to bottom, on a small part of the images."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    text = "\n".join(blocks(ROOT / "docs" / "tutorial.md"))
    typed = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    assert len(typed) > 5
    # The same commands, less work.
    script = "\n".join(
        f"{line} --epochs 1 --train-images 500" if line.startswith("nvmcosim demo") else line
        for line in typed
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "mine" / "index.html").is_file()
