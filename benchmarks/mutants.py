"""Small faults in the code of the gate, and whether the tests notice them.

A mutant is one module with one change inside a function: a comparison, a connective, a condition, a number, a sign, a
returned value, a key, or a statement that is left out. Those tests named for the module that come through the changed
line run on it, the quickest first, until one fails; a mutant whom all pass survived. Words for people (messages, mends,
docstrings, examples of rules) are not changed. The change is made on the syntax tree as the module is imported, in a
forked process, so no file is touched.

Run: `.venv/bin/python benchmarks/mutants.py [--sample 40] [--seed 1] [MODULE …]`; without --sample all, which takes hours.
Prints a table, with the interval that a sample leaves open, and every survivor; exits 1 where fewer than 85 % of the
mutants of all modules were noticed.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

import pytest
from _measure import ROOT, show

TESTS = {
    "contract": ("test_contract", "test_schemas", "test_validate", "release/test_formats", "release/test_documents"),
    "rules": ("test_rules", "test_validate", "test_waivers", "test_assertions", "test_forgeries"),
    "validate": ("test_validate", "test_waivers", "test_assertions", "release/test_verify"),
    "compare": ("test_compare", "test_delta", "test_diff", "release/test_publish"),
    "store": ("test_store", "release/test_formats", "test_validate"),
}
"""Module → the tests that are about it."""
LEAST = 0.85
PATIENCE = 300
"""Seconds after which a mutant is taken to run for ever, and to be noticed by that."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
FOR_PEOPLE = {"RsbError", "Finding", "SchemaChange", "say", "ValueError", "track"}
"""Calls whose texts are words for people."""


class Mutant(NamedTuple):
    """A changed module: where and what, the lines of the statement that is changed, and what makes its tree."""

    line: int
    what: str
    lines: range
    tree: Callable[[], ast.Module]


Located = ast.stmt | ast.expr
"""The nodes that have a line; only these are changed."""


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    changes: list[tuple[Located, str, Callable[[ast.AST], None]]] = []
    for function in (node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))):
        changes += _changes_in(function)
    numbered = {id(node): number for number, node in enumerate(ast.walk(tree))}
    statements: dict[int, ast.stmt] = {}
    for statement in (node for node in ast.walk(tree) if isinstance(node, ast.stmt)):
        statements |= {id(node): statement for node in ast.walk(statement)}  # an inner one comes after its outer one
    for node, what, change in sorted(changes, key=lambda found: (found[0].lineno, found[0].col_offset)):
        changed = statements[id(node)]
        lines = range(changed.lineno, (changed.end_lineno or changed.lineno) + 1)
        yield Mutant(node.lineno, what, lines, partial(_changed, tree, numbered[id(node)], change))


def _changed(tree: ast.Module, place: int, change: Callable[[ast.AST], None]) -> ast.Module:
    """A copy of a tree with one of its nodes changed."""
    twin = copy.deepcopy(tree)
    change(next(node for number, node in enumerate(ast.walk(twin)) if number == place))
    return ast.fix_missing_locations(twin)


def _changes_in(top: ast.FunctionDef | ast.ClassDef) -> Iterator[tuple[Located, str, Callable[[ast.AST], None]]]:
    skipped = {id(part) for part in _told_to_people(top)}
    for node in ast.walk(top):
        if isinstance(node, Located) and id(node) not in skipped:
            for what, change in _changes_of(node):
                yield node, f"{what}: {ast.unparse(node).splitlines()[0][:90]}", change


def _told_to_people(top: ast.AST) -> Iterator[ast.AST]:
    """Everything inside decorators, annotations, docstrings and texts for people."""
    for node in ast.walk(top):
        parts: list[ast.AST | None] = []
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            parts += node.decorator_list
            if ast.get_docstring(node):
                parts.append(node.body[0])
        if isinstance(node, ast.FunctionDef):
            parts += [node.returns, *(one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg))]
        if isinstance(node, ast.AnnAssign):
            parts.append(node.annotation)
        if isinstance(node, ast.JoinedStr):
            parts.append(node)
        if isinstance(node, ast.Call) and _name(node.func) in FOR_PEOPLE:
            parts += [
                part for part in (*node.args, *(k.value for k in node.keywords)) if isinstance(part, ast.Constant)
            ]
        yield from (inner for part in parts if part is not None for inner in ast.walk(part))


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _changes_of(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield "comparison", lambda n: n.ops.__setitem__(0, COMPARISONS[type(n.ops[0])]())
    if isinstance(node, ast.BoolOp):
        yield "connective", lambda n: setattr(n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And())
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield "sign", lambda n: setattr(n, "op", OPERATORS[type(n.op)]())
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield "condition", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", lambda n: setattr(n, "op", ast.Not()) or setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "constant", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "number", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield "text", lambda n: setattr(n, "value", f"{n.value}X")
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returned", lambda n: setattr(n, "value", ast.Constant(None))
    if isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Yield, ast.YieldFrom)):
        # A yield must remain somewhere for the function to stay a generator.
        gone = "() if True else (yield)" if not isinstance(node.value, ast.Call) else "None"
        yield "left out", lambda n: setattr(n, "value", ast.parse(gone, mode="eval").body)


class _Swapped(importlib.machinery.SourceFileLoader):
    tree: ast.Module

    def get_code(self, _fullname: str) -> CodeType:
        return compile(self.tree, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Gives one module from a tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.loader = name, _Swapped(name, str(path))
        self.loader.tree = tree

    def find_spec(
        self, fullname: str, _path: Any, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return (
            importlib.util.spec_from_file_location(fullname, self.loader.path, loader=self.loader)
            if fullname == self.name
            else None
        )


class Test(NamedTuple):
    """What a test of a module takes, and the lines of the module that it comes through."""

    seconds: float
    lines: frozenset[int]


class Survey(NamedTuple):
    """The tests of a module by their id, and the lines that run as it is imported, which all of them come through."""

    tests: dict[str, Test]
    imported: frozenset[int]

    def of(self, mutant: Mutant) -> list[str]:
        """The tests that come through a mutant, the quickest first."""
        chosen = self.tests if self.imported.intersection(mutant.lines) else self._through(mutant.lines)
        return sorted(chosen, key=lambda test: self.tests[test].seconds)

    def _through(self, lines: range) -> list[str]:
        return [name for name, test in self.tests.items() if test.lines.intersection(lines)]


class _Watch:
    """Pytest's plugin that makes a survey."""

    def __init__(self, module: str) -> None:
        self.module, self.path = f"pipeline.{module}", str(_path(module))
        self.lines: set[int] = set()
        self.shared: dict[str, set[int]] = {}
        self.imported: list[int] = []
        self.tests: dict[str, tuple[float, list[int]]] = {}

    def trace(self, frame: FrameType, _event: str, _told: object) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != self.path:
            return None
        self.lines.add(frame.f_lineno)
        return self.trace

    def pytest_collection_finish(self) -> None:
        self.imported, self.lines = sorted(self.lines), set()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture of several tests comes through, each of them does."""
        before, self.lines = self.lines, set()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                self.shared[fixturedef.argname] = self.lines
            self.lines |= before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        self.lines = set()
        for function in vars(sys.modules[self.module]).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            lines = self.lines.union(*(self.shared.get(name, ()) for name in item.fixturenames))
            self.tests[item.nodeid] = time.perf_counter() - start, sorted(lines)


class _Chosen:
    """Pytest's plugin that runs some tests, in their order."""

    def __init__(self, tests: Collection[str]) -> None:
        self.turn = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.turn), key=lambda one: self.turn[one.nodeid])


def survey(module: str) -> Survey:
    """Run the tests of a module as it is, and see where they come."""
    watch = _Watch(module)
    with tempfile.NamedTemporaryFile("r+") as file:
        child = os.fork()
        if child == 0:

            def tell() -> None:
                sys.settrace(None)
                Path(file.name).write_text(json.dumps([watch.tests, watch.imported]))

            sys.settrace(watch.trace)
            threading.settrace(watch.trace)
            _run_tests([f"tests/{test}.py" for test in TESTS[module]], watch, tell)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{module}: its tests fail without any change")
        tests, imported = json.load(file)
    found = {name: Test(seconds, frozenset(lines)) for name, (seconds, lines) in tests.items()}
    return Survey(found, frozenset(imported))


def is_noticed(module: str, mutant: Mutant, tests: list[str]) -> bool:
    """Whether one of some tests fails on it."""
    if not tests:
        return False
    child = os.fork()
    if child == 0:
        os.setsid()
        sys.meta_path.insert(0, _Finder(f"pipeline.{module}", _path(module), mutant.tree()))
        _run_tests(sorted({test.partition("::")[0] for test in tests}), _Chosen(tests))
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _path(module: str) -> Path:
    return ROOT / "pipeline" / f"{module}.py"


def _run_tests(paths: list[str], plugin: object, after: Callable[[], None] = lambda: None) -> None:
    """In a child: run tests until one fails, and end with whether they passed."""
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(ROOT)
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *paths], [plugin]))
        after()
    finally:
        os._exit(code)


def main() -> int:
    """Make the mutants, ask the tests, print what came of it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("modules", nargs="*", default=list(TESTS))
    options.add_argument("--sample", type=int, help="mutants of each module, picked at random")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    sys.dont_write_bytecode = False  # what each child would compile anew is kept
    # Imported once, before the forks.
    for heavy in (
        "pandas",
        "pandera.pandas",
        "pyarrow.parquet",
        "pyarrow.csv",
        "hypothesis",
        "yaml",
        "click",
        "lxml.html",
    ):
        importlib.import_module(heavy)
    rows: list[list[object]] = []
    survivors: list[str] = []
    all_noticed = all_made = 0
    for module in chosen.modules:
        made = list(mutants_of(_path(module).read_text(encoding="utf-8")))
        picked = (
            made if chosen.sample is None else random.Random(chosen.seed).sample(made, min(chosen.sample, len(made)))
        )
        noticed, start = 0, time.perf_counter()
        found = survey(module)
        for mutant in sorted(picked, key=lambda one: one.line):
            if is_noticed(module, mutant, found.of(mutant)):
                noticed += 1
            else:
                survivors.append(f"- `{module}.py:{mutant.line}` {mutant.what}")
                print(survivors[-1], file=sys.stderr, flush=True)
        seconds = round(time.perf_counter() - start)
        rows.append([module, len(made), len(picked), noticed, _share(noticed, len(picked)), seconds])
        print(rows[-1], file=sys.stderr, flush=True)
        all_noticed, all_made = all_noticed + noticed, all_made + len(picked)
    rows.append(["all", "", all_made, all_noticed, _share(all_noticed, all_made), ""])
    show("Mutants", ["module", "mutants", "asked", "noticed", "share (95 %)", "s"], rows)
    print("\nSurvivors:\n\n" + "\n".join(survivors))
    return 0 if all_noticed >= LEAST * all_made else 1


def _share(noticed: int, asked: int) -> str:
    """The share, with Wilson's interval."""
    share, z = noticed / asked, 1.96
    middle = (share + z * z / (2 * asked)) / (1 + z * z / asked)
    half = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked)) / (1 + z * z / asked)
    return f"{share:.0%} ({middle - half:.0%}–{middle + half:.0%})"


if __name__ == "__main__":
    sys.exit(main())
