"""Mutation check: change the code in one place at a time, and see whether the tests notice.

    python tests/mutation.py rtl store --json mutants.json

`tests/mutation.toml` names the targets: files, the tests that must notice, and the mutants that
are known to be equivalent, with the reason. Works on a copy of the checkout, never on the checkout.
A *mutant* is one changed place; it is *killed* when a test fails or the time is over, and
*survives* otherwise. Exit code 1 if a mutant survives that is not known to be equivalent. A
target's tests stop at the first that fails, so what costs little and finds much belongs first.
"""

import argparse
import ast
import compileall
import copy
import gc
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
#: A mutant that takes more of the processor than this to test hangs: killed.
LIMIT_S = 120
#: Or one that takes longer by the clock on the wall, however busy the machine.
WALL_S = 3600

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """One changed place: where, what it read before and after, and what came of it."""

    file: str
    line: int
    before: str
    after: str
    fate: str = "untested"

    @property
    def key(self) -> str:
        """What `tests/mutation.toml` calls the mutant; line numbers would not last."""
        return f"{self.file}: {self.before} -> {self.after}"


def _same(one: str, other: str) -> int:
    """How many characters both texts start with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


@dataclass(frozen=True)
class Change:
    """A change to the node of a tree that `path` leads to: attributes and indices from the top."""

    path: tuple[str | int, ...]
    apply: Callable[[ast.AST], ast.AST | None]


def changes(tree: ast.AST, path: tuple[str | int, ...] = ()) -> Iterator[Change]:
    """All changes to the nodes below `tree`, in the order of the source."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        entries = value if isinstance(value, list) else [value]
        for n, node in enumerate(entries):
            if not isinstance(node, ast.AST) or _is_left_alone(node, n):
                continue
            here = (*path, name, n) if isinstance(value, list) else (*path, name)
            for apply in _applicable(node, tree, in_list=isinstance(value, list), name=name):
                yield Change(here, apply)
            yield from changes(node, here)


def _is_left_alone(node: ast.AST, position: int) -> bool:
    """Docstrings, imports, `__all__` and the messages of errors carry no behaviour to test."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
    ):
        return True
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.JoinedStr)


def _applicable(
    node: ast.AST, parent: ast.AST, *, in_list: bool, name: str
) -> Iterator[Callable[[ast.AST], ast.AST | None]]:
    # Amaranth itself refuses any operator but `+=` here.
    if name == "op" and ast.unparse(getattr(parent, "target", parent)).startswith("m.d."):
        return
    if type(node) in _OPERATORS:
        other = _OPERATORS[type(node)]
        yield lambda _: other()
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield lambda n: ast.Constant(not n.value)  # type: ignore[attr-defined]
        elif isinstance(node.value, int):
            yield lambda n: ast.Constant(n.value + 1)  # type: ignore[attr-defined]
    elif isinstance(node, ast.UnaryOp):
        yield lambda n: n.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _negated_test
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        # Amaranth's conditions.
        if node.func.attr in ("If", "Elif"):
            yield _negated_argument
    elif isinstance(node, ast.Break | ast.Continue):
        yield lambda _: ast.Pass()
    if isinstance(node, ast.Expr | ast.AugAssign):
        yield lambda _: ast.Pass()
    if in_list and isinstance(parent, ast.List) and name == "elts" and len(parent.elts) > 1:
        yield lambda _: None
    if isinstance(parent, ast.comprehension) and name == "ifs":
        yield lambda n: ast.UnaryOp(ast.Not(), n)  # type: ignore[arg-type]


def _negated_test(node: ast.AST) -> ast.AST:
    node.test = ast.UnaryOp(ast.Not(), node.test)  # type: ignore[attr-defined]
    return node


def _negated_argument(node: ast.AST) -> ast.AST:
    node.args[0] = ast.UnaryOp(ast.Invert(), node.args[0])  # type: ignore[attr-defined]
    return node


def mutants(file: str, source: str) -> Iterator[tuple[Mutant, str]]:
    """Each mutant of the `source` of `file`, with its own source."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for change in changes(tree):
        mutated = copy.deepcopy(tree)
        parent: ast.AST | list[ast.AST] = mutated
        statement: ast.AST = mutated
        for step in change.path[:-1]:
            parent = parent[step] if isinstance(step, int) else getattr(parent, step)  # type: ignore[index]
            if isinstance(parent, ast.stmt):
                statement = parent
        last = change.path[-1]
        node = parent[last] if isinstance(last, int) else getattr(parent, last)  # type: ignore[index]
        smallest = node if hasattr(node, "lineno") else statement
        line = getattr(smallest, "lineno", 0)
        if isinstance(node, ast.stmt):
            statement = node
        before = _spelled(statement)
        new = change.apply(node)
        if new is None:
            del parent[last]  # type: ignore[arg-type, index, union-attr]
        elif isinstance(last, int):
            parent[last] = new  # type: ignore[index]
        else:
            setattr(parent, last, new)
        ast.fix_missing_locations(mutated)
        after = _spelled(new if isinstance(new, ast.stmt) else statement)
        assert line <= len(lines)
        yield Mutant(file, line, *_differing(before, after)), ast.unparse(mutated)


def _spelled(statement: ast.AST) -> str:
    """A statement on one line; of a compound one, the head."""
    text = ast.unparse(statement)
    if isinstance(statement, ast.If | ast.For | ast.While | ast.With):
        text = text.split("\n", 1)[0]
    return " ".join(text.split())


def _differing(before: str, after: str, context: int = 30) -> tuple[str, str]:
    """Both texts, cut to where they differ and some characters around."""
    start = _same(before, after)
    tail = _same(before[start:][::-1], after[start:][::-1])
    low = max(0, start - context)
    high = max(0, tail - context)
    return before[low : len(before) - high], after[low : len(after) - high]


def _test(folder: str, tests: list[str]) -> None:
    """Run the tests in `folder` and exit as they do; a new process that already has imported."""
    sys.dont_write_bytecode = True
    # What is there from before need not be looked through for garbage after each test.
    gc.freeze()
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    os.chdir(folder)
    sys.path.insert(0, folder)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest

    options = ["-x", "-q", "-m", "not full", "-p", "no:cacheprovider"]
    os._exit(int(pytest.main([*options, *tests])))


def fate(folder: Path, tests: list[str]) -> str:
    """`survived` if the tests in `folder` pass, else how the mutant was killed."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_test, args=(str(folder), tests))
    process.start()
    process.join(WALL_S)
    if process.is_alive():
        process.kill()
        process.join()
        return "killed by time"
    if process.exitcode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "killed by time"
    return "survived" if process.exitcode == 0 else "killed"


def check(target: dict[str, Any], folder: Path, earlier: list[Mutant]) -> Iterator[Mutant]:
    """Test each mutant of the target's files in `folder`, a copy of the checkout.

    One that was killed in an `earlier` check keeps that fate, untested.
    """
    alive = {mutant.key for mutant in earlier if not mutant.fate.startswith("killed")}
    killed = {mutant.key for mutant in earlier} - alive
    known = set(target.get("equivalent", {}))
    if fate(folder, target["tests"]) != "survived":
        raise SystemExit(f"the tests fail without any change: {' '.join(target['tests'])}")
    for file in target["files"]:
        path = folder / file
        original = path.read_text()
        for mutant, source in mutants(file, original):
            if mutant.key in killed:
                yield replace(mutant, fate="killed")
                continue
            path.write_text(source)
            result = fate(folder, target["tests"])
            if result == "survived" and mutant.key in known:
                result = "equivalent"
            yield replace(mutant, fate=result)
        path.write_text(original)


def copy_of_checkout(folder: Path) -> None:
    """Copy what tests need; the links within `nvmcosim` stay links."""
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("nvmcosim", "pymodel", "hdl", "spice", "cocotb_tests", "tests"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", folder)
    # Once, and not for each mutant; what was changed since is noticed by its time.
    compileall.compile_dir(folder, quiet=1)


def main() -> int:
    """The command line; see the module's docstring."""
    targets = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", choices=[*targets, []], help=", ".join(targets))
    parser.add_argument("--json", type=Path, help="write all mutants and their fates here")
    parser.add_argument(
        "--again", type=Path, metavar="JSON", help="what was killed in this report is not retested"
    )
    arguments = parser.parse_args()
    # Imported once here, and there already in each of the processes that test a mutant.
    import amaranth.back.verilog
    import amaranth.lib.memory
    import amaranth.sim
    import hypothesis
    import ml_dtypes
    import numpy
    import pytest
    import quantiphy
    import scipy.optimize
    import scipy.special
    import scipy.stats

    del amaranth, hypothesis, ml_dtypes, numpy, pytest, quantiphy, scipy
    survivors = 0
    earlier = json.loads(arguments.again.read_text()) if arguments.again else {}
    tested: dict[str, list[dict[str, object]]] = {}
    for name in arguments.targets or targets:
        with tempfile.TemporaryDirectory() as folder:
            copy_of_checkout(Path(folder))
            start = time.monotonic()
            before = [Mutant(**values) for values in earlier.get(name, [])]
            results = []
            for mutant in check(targets[name], Path(folder), before):
                results.append(mutant)
                if mutant.fate == "survived":
                    print(f"  {mutant.file}:{mutant.line}: {mutant.before}  ->  {mutant.after}")
        counts = {
            kind: sum(m.fate.startswith(kind) for m in results)
            for kind in ("killed", "equivalent", "survived")
        }
        print(
            f"{name}: {len(results)} mutants, {counts['killed']} killed, "
            f"{counts['equivalent']} equivalent, {counts['survived']} survived, "
            f"{time.monotonic() - start:.0f} s"
        )
        survivors += counts["survived"]
        tested[name] = [asdict(mutant) for mutant in results]
    if arguments.json:
        arguments.json.write_text(json.dumps(tested, indent=2) + "\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
