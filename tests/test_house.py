"""What the house promises of its files: sizes, floors, and what may know what."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "methods", "metrics", "tests", "benchmarks")
ROOMS = FOLDERS[:3]
LOOSE = ("errors", "seeds", "environment", "quantities", "plugins", "spec", "datasets", "door")
FLOORS = (  # what a file imports lies in its own room or on a lower floor; the last is the command line's
    "bench.errors",
    "methods metrics bench.seeds bench.environment bench.quantities bench.store.atomic",
    "bench.plugins bench.data",
    "bench.spec bench.wrappers",
    "bench.datasets bench.store",
    "bench.training bench.report",
    "bench.scoring",
    "bench.study bench.pictures bench.testing",
    "bench.execution",
    "bench.search",
    "bench.cli",
    "bench.door",
    "bench.__main__",
)
WITHOUT_TORCH = (
    "metrics bench.errors bench.seeds bench.environment bench.quantities bench.plugins bench.data bench.spec "
    "bench.wrappers bench.datasets bench.store bench.report"
)

TREES = {
    path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
PACKAGES = {".".join(path.parent.parts) for path in TREES if path.name == "__init__.py"}
PATHS = {
    ".".join(path.with_suffix("").parts).removesuffix(".__init__"): ROOT / path
    for path in TREES
    if path.parts[0] in ROOMS
}
MODULES = {module: TREES[path.relative_to(ROOT)] for module, path in PATHS.items()}


def imports(module: str, *, at_start: bool = False) -> Iterator[str]:
    """Modules that a module imports; with `at_start`, those only that it imports as it is imported itself."""
    tree = MODULES[module]
    for node in tree.body if at_start else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else str(node.module) for name in inner)


def is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def within(module: str, rooms: str) -> bool:
    """Whether the module is one of these, or lies under one."""
    return any(f"{module}.".startswith(f"{room}.") for room in rooms.split())


def place(module: str) -> tuple[int, str]:
    """Floor and room of a module."""
    return next((i, room) for i, rooms in enumerate(FLOORS) for room in rooms.split() if within(module, room))


def package(module: str) -> str:
    """Its folder. What plugins share (`bench.data._base`) and what lies loose in `bench` stand for themselves."""
    folder, _, name = module.rpartition(".")
    alone = module in PACKAGES or folder in ("", "bench") or name.startswith("_")
    return module if alone else folder


def test_files_are_short():
    lines = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in TREES}
    assert {path: n for path, n in lines.items() if n > 300} == {}


def test_functions_are_short():
    """Beside their docstrings."""
    too_long = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                doc = node.body[0] if ast.get_docstring(node) else None
                lines = node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)
                too_long += [f"{path}: {node.name}"] if lines > 40 else []
    assert too_long == []


def test_nothing_is_left_for_later():
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3)
    texts = {str(path): (ROOT / path).read_text(encoding="utf-8") for path in TREES}
    assert [path for path, text in texts.items() if any(mark in text for mark in marks)] == []


def test_what_is_public_is_documented():
    kinds = (ast.ClassDef, ast.FunctionDef)
    missing = []
    for module, tree in MODULES.items():
        public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
        missing += [] if ast.get_docstring(tree) else [module]
        missing += [f"{module}.{n.name}" for n in public if not ast.get_docstring(n)]
    assert missing == []


def test_eight_files_lie_loose():
    files = {path.name for path in (ROOT / "bench").iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "py.typed", *(f"{name}.py" for name in LOOSE)}


def test_imports_go_down():
    up = []
    for module in MODULES.keys() - {"bench"}:
        floor, room = place(module)
        for name in {name for name in imports(module) if name in MODULES and name != "bench"}:
            below, other = place(name)
            up += [f"{module} imports {name}"] if other != room and below >= floor else []
    assert up == []


def test_packages_have_no_circle():
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        here = package(module)
        graph.setdefault(here, set()).update({package(name) for name in imports(module) if name in MODULES} - {here})
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(graph)


def test_imports_have_no_cycle():
    graph = {module: {n for n in imports(module, at_start=True) if n in MODULES} - {module} for module in MODULES}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(MODULES)


def test_an_import_within_a_function_says_why():
    """By a comment on its line, or above the imports that it stands among."""
    silent = []
    for module, tree in MODULES.items():
        lines = PATHS[module].read_text(encoding="utf-8").splitlines()
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        inner = {node.lineno: node for function in functions for node in ast.walk(function) if is_import(node)}
        for at in sorted(inner):
            first = next(n for n in range(at, 0, -1) if n - 1 not in inner)
            told = "#" in lines[at - 1] or lines[first - 2].lstrip().startswith("#")
            silent += [] if told else [f"{module}:{at}"]
    assert silent == []


def test_methods_and_metrics_stand_alone():
    others = [
        f"{module} imports {name}"
        for module in MODULES
        for name in imports(module)
        if within(module, "methods metrics")
        and name.split(".")[0] in ROOMS
        and name.split(".")[0] != module.split(".")[0]
    ]
    assert others == []


def test_torch_stays_where_models_are():
    for module in MODULES:
        reached: set[str] = set()
        left = [module] if within(module, WITHOUT_TORCH) else []
        while left:
            name = left.pop()
            assert not within(name, "torch"), module
            if name in MODULES and name not in reached:
                reached.add(name)
                left += imports(name, at_start=True)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("bench.cli.main", "torch pandas matplotlib numpy numba sklearn scipy"),
        ("bench.execution.process", "torch pandas matplotlib numba sklearn scipy"),
        ("bench.execution.pool", "torch pandas matplotlib numba sklearn scipy"),
        ("bench.cli.report", "torch"),
        ("bench.cli.compare", "torch"),
        ("bench.cli.score", "torch"),
        ("metrics", "torch"),
        ("bench", "torch pandas matplotlib numpy numba sklearn scipy click"),
        ("bench.door", "torch"),
        ("bench.data.sprites32", "torch"),
    ],
)
def test_what_an_import_brings_along(module, heavy):
    code = f"import sys, {module}; print(*(name for name in {heavy.split()} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_a_method_or_backbone_is_final():
    parents = {
        f"{module}.{node.name}": {base.id for base in node.bases if isinstance(base, ast.Name)}
        for module, tree in MODULES.items()
        for node in tree.body
        if within(module, "methods") and isinstance(node, ast.ClassDef)
    }
    concrete = {name.rsplit(".", 1)[1] for name, bases in parents.items() if bases & {"Method", "Backbone"}}
    assert {"VAE", "FactorVAE", "Guide"} <= concrete
    assert [name for name, bases in parents.items() if bases & concrete] == []


@pytest.mark.parametrize("package", ["methods", "metrics", "bench.data"])
def test_what_an_author_needs_has_a_public_name(package):
    """Loaded when it is asked for: to import the package brings neither torch nor NumPy along."""
    asked = "all(getattr(p, name) for name in p.__all__)"
    code = f"import sys, {package} as p; print({{'torch', 'numpy'}} & {{*sys.modules}}, {asked}, hasattr(p, 'no'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["set()", "True", "False"]
