"""Steps of the demo: done once, done again when anything they depend on changes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nvmcosim.demo import steps
from nvmcosim.demo.steps import Outcome, Step, do, source_digest
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_text

Run = Callable[..., Outcome]


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def run(tmp_path: Path, calls: list[str]) -> Run:
    def once(
        text: str = "one", inputs: object = 1, sources: tuple[str, ...] = ("views",)
    ) -> Outcome:
        def work(report: steps.Report) -> list[Path]:
            report(0, 1, "parts")
            calls.append(text)
            return [write_text(tmp_path / "made.txt", text)]

        step = Step("make", "Make it", {"input": inputs}, sources, work)
        return do(step, tmp_path, lambda done, total, what: None)

    return once


def test_a_step_is_done_once(run: Run, calls: list[str]) -> None:
    first, second = run(), run("two")
    assert (first.outcome, second.outcome) == ("computed", "reused")
    assert calls == ["one"]
    assert second.files == first.files
    assert second.seconds == first.seconds


@pytest.mark.parametrize("change", [{"inputs": 2}, {"sources": ("views", "devices")}])
def test_a_step_is_done_again_when_what_it_depends_on_changes(
    run: Run, calls: list[str], change: dict
) -> None:
    run()
    assert run("two", **change).outcome == "computed"
    assert calls == ["one", "two"]


@pytest.mark.parametrize("damage", ["edited", "deleted", "memory", "memory-shape"])
def test_a_step_is_done_again_when_its_files_are_not_as_it_left_them(
    run: Run, calls: list[str], tmp_path: Path, damage: str
) -> None:
    run()
    made, memory = tmp_path / "made.txt", tmp_path / ".steps" / "make.json"
    if damage == "edited":
        made.write_text("other")
    elif damage == "deleted":
        made.unlink()
    else:
        memory.write_text("{" if damage == "memory" else '{"key": 1}')
    assert run("two").outcome == "computed"
    assert made.read_text() == "two"


def test_a_missing_tool_is_an_outcome_and_is_looked_for_again(tmp_path: Path) -> None:
    def refuse(report: steps.Report) -> list[Path]:
        raise MissingTool("it needs a tool; install it")

    step = Step("make", "Make it", {}, ("views",), refuse)
    for _ in range(2):
        outcome = do(step, tmp_path, lambda done, total, what: None)
        assert outcome.outcome == "missing"
        assert outcome.missing == "it needs a tool; install it"


def test_any_other_error_ends_the_run_and_keeps_nothing(tmp_path: Path) -> None:
    def fail(report: steps.Report) -> list[Path]:
        raise InputError("wrong")

    step = Step("make", "Make it", {}, ("views",), fail)
    with pytest.raises(InputError, match="wrong"):
        do(step, tmp_path, lambda done, total, what: None)
    assert not (tmp_path / ".steps").exists()


def test_source_digest_sees_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_PACKAGE", tmp_path)
    write_text(tmp_path / "a" / "b" / "c.py", "1")
    write_text(tmp_path / "single.py", "1")
    before = source_digest("a"), source_digest("single")
    write_text(tmp_path / "a" / "b" / "c.py", "2")
    assert source_digest("a") != before[0]
    assert source_digest("single") == before[1]
    write_text(tmp_path / "a" / "d.py", "")
    assert source_digest("a") != before[0]


def test_sources_that_steps_name_exist() -> None:
    from nvmcosim.demo.training import TRAINING_SOURCES

    for name in TRAINING_SOURCES:
        home = steps._PACKAGE / name
        assert home.is_dir() or home.with_suffix(".py").is_file()
