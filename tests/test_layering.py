"""Who may import whom, who may import Brian2, nevergrad and matplotlib, and who prints."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "neuromodels"
MAY_IMPORT = {
    "_installation": "",
    "errors": "_installation",
    "_renames": "",
    "seeding": "",
    "catalog": "errors",
    "coefficients": "errors",
    "files": "errors",
    "analysis": "seeding",
    "neurons": "errors catalog coefficients",
    "rules": "errors catalog coefficients",
    "tasks": "errors seeding catalog files",
    "search": "errors seeding",
    "study": "errors _renames catalog coefficients files search neurons rules tasks",
    "simulation.build": "errors",
    "simulation.capture": "errors simulation.build",
    "simulation.arrays": "errors simulation.capture",
    "simulation.source": "errors simulation.capture simulation.arrays",
    "simulation.device": "errors seeding files simulation.build simulation.capture"
    " simulation.arrays simulation.source",
    "simulation": "errors simulation.device",
    "simulation.tiled": "errors simulation.build simulation.device simulation.source",
    "simulation.brian2_suite": "errors simulation.device",
    "models": "errors study simulation simulation.build simulation.capture simulation.source"
    " simulation.device",
    "simulation.network": "errors catalog coefficients neurons rules tasks study models"
    " simulation.capture simulation.device",
    "report.plotting": "",
    "store": "errors coefficients files study simulation.build",
    "exploration": "errors seeding catalog files analysis study search store models simulation"
    " simulation.device report.plotting",
    "experiment": "errors seeding catalog coefficients analysis neurons rules tasks study search"
    " store simulation simulation.device simulation.network",
    "measures": "errors seeding catalog coefficients files analysis rules tasks study store"
    " simulation.network experiment",
    "report": "errors files analysis rules tasks study search store simulation.build"
    " simulation.network exploration experiment measures report.plotting",
    "commands": "errors report",
    "api": "commands study store models exploration experiment report",
}
"""Each room of the package and the rooms that it may import, from the ground up.

`report.plotting` draws plain arrays and imports nothing of the package. So what a model's results
draw with lies below them, though the rest of the report stands above.
"""
FREE = ("__init__", "__main__", "cli")
"""The face, which imports on demand, and the command line, which imports everything."""
AT_HOME = {
    "brian2": {"neurons", "rules", "simulation", "models", "exploration"},
    "nevergrad": {
        "search/inside_nevergrad.py",
        "search/nevergrad_optimizer.py",
    },
    "moocore": {"search/pareto.py"},
    "pymoo": {"search/pymoo_optimizer.py"},
    "matplotlib": {"report/plotting"},
    "distributed": {"experiment/workers"},
    "dask": {"experiment/workers"},
    "gymnasium": {"tasks/bodies"},
    "mujoco": {"tasks/bodies"},
    "optuna": {"search/optuna_optimizer.py", "store/export/optuna_history.py"},
    "SALib": {"analysis/sensitivity.py"},
    "sbi": {"exploration/inference/density.py"},
    "torch": {"exploration/inference/density.py"},
    "sklearn": {"analysis/held_out.py", "tasks/arrays/data_sets.py"},
    "neo": {"simulation/device/records/neo_objects.py"},
    "quantities": {"simulation/device/records/neo_objects.py"},
}
OWN_NAMES = (["__version__"], ["DISTRIBUTION"])
"""Of the face: what the package is called, and which release it is."""
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(parts):
    """Return the room that a file or module lies in; some rooms have rooms of their own."""
    if parts[:2] in (["report", "plotting"], ("report", "plotting")):
        return "report.plotting"
    inner = len(parts) > 1 and parts[0] == "simulation" and (PACKAGE / "simulation" / parts[1])
    return f"simulation.{parts[1]}" if inner and inner.is_dir() else parts[0]


@cache
def tree_of(path):
    """Return a file's syntax, read once for all tests."""
    return ast.parse(path.read_text())


@cache
def imports_of(path):
    """Return the dotted names a file imports anywhere, also inside functions."""
    return tuple(_each_import(path))


def _each_import(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module in ("neuromodels", "neuromodels.simulation"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


def name(path):
    return str(path.relative_to(PACKAGE))


def own_room(path):
    return room_of(path.relative_to(PACKAGE).with_suffix("").parts)


def rooms_used(path):
    """Return the other rooms that a file imports; the package's own names are none."""
    dotted = [each.split(".")[1:] for each in imports_of(path) if each.startswith("neuromodels.")]
    return {room_of(parts) for parts in dotted if parts not in OWN_NAMES} - {own_room(path)}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_one_way(path):
    room = own_room(path)
    if room in FREE:
        return
    assert room in MAY_IMPORT, f"{room} needs a line in this table"
    assert rooms_used(path) <= set(MAY_IMPORT[room].split())


def test_the_table_has_no_entry_that_nothing_uses():
    used = defaultdict(set)
    for path in FILES:
        used[own_room(path)] |= rooms_used(path)
    idle = {room: set(MAY_IMPORT[room].split()) - used[room] for room in MAY_IMPORT}
    assert not {room: names for room, names in idle.items() if names}


def test_each_room_imports_only_rooms_above_it_in_the_table():
    rooms = list(MAY_IMPORT)
    for number, room in enumerate(rooms):
        assert set(MAY_IMPORT[room].split()) <= set(rooms[:number]), room


@pytest.mark.parametrize("path", FILES, ids=name)
def test_heavy_packages_stay_at_home(path):
    places = {name(path), own_room(path).split(".")[0], str(path.relative_to(PACKAGE).parent)}
    for package, homes in AT_HOME.items():
        if any(each.split(".")[0] == package for each in imports_of(path)):
            assert places & homes, f"{package} has no home in {name(path)}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_the_command_line_prints(path):
    if name(path) == "commands.py":
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "Console"), f"{name(path)}:{node.lineno}"


def test_the_house_has_few_rooms_and_no_full_one():
    """At most eight modules, the command line and thirteen rooms at the top; twenty files in any
    folder."""
    tops = [path for path in PACKAGE.iterdir() if not path.name.startswith("_")]
    tops.remove(PACKAGE / "cli")
    assert len([path for path in tops if path.suffix == ".py"]) <= 8
    assert len([path for path in tops if path.is_dir()]) <= 13
    for folder in {path.parent for path in FILES}:
        assert len([path for path in folder.iterdir() if path.is_file()]) <= 20, folder


def test_no_module_is_imported_in_a_circle():
    """Modules that import each other before any function runs would depend on who comes first."""
    known = {dotted(path): path for path in FILES}
    left = {module: top_imports(path, known) - {module} for module, path in known.items()}
    while left:
        free = {module for module, needs in left.items() if not needs & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {module: needs for module, needs in left.items() if module not in free}


def dotted(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def top_imports(path, known):
    """Return the package's own modules that a file imports when it is imported."""
    found = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            inside = members & set(known)
            found |= inside if inside == members else {str(node.module), *inside}
    return found & set(known)


HEAVY = {
    *("brian2", "brian2cuda", "matplotlib", "nevergrad", "cma", "mujoco", "gymnasium", "pandas"),
    "pymoo",
    *(
        "pyarrow",
        "distributed",
        "dask",
        "cryptography",
        "xarray",
        "IPython",
        "scipy",
        "rich",
        "sqlite3",
        "SALib",
        "optuna",
        "sbi",
        "torch",
        "sklearn",
        "neo",
        "quantities",
        "moocore",
    ),
}
"""Packages that take a moment to import, or that belong to an extra."""
MODULES = {dotted(path): path for path in FILES}


def with_parents(module):
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def names_in(node):
    """Return the dotted names of an import statement, of a module and of its members."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}


def heavy_behind(names):
    """Return the heavy packages that come with modules when they are imported."""
    seen, waiting, heavy = set(), set(names), set()
    while waiting:
        module = waiting.pop()
        if module in seen or not module.startswith("neuromodels"):
            heavy |= {module.split(".")[0]} & HEAVY
            continue
        seen.add(module)
        body = ast.parse(MODULES[module].read_text()).body if module in MODULES else []
        imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        waiting |= {part for node in imports for name in names_in(node) for part in reach(name)}
    return heavy


def reach(name):
    """Return what importing a name runs: modules of the package, or another package."""
    if not name.startswith("neuromodels"):
        return {name}
    return with_parents(name) & set(MODULES)


def hidden_imports(path):
    """Return the import statements inside functions."""
    for function in ast.walk(tree_of(path)):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_inside_functions_keep_something_heavy_out_of_a_cold_start(path):
    if name(path).startswith("cli/"):
        return  # each command imports its own room
    for node in hidden_imports(path):
        heavy = heavy_behind({part for each in names_in(node) for part in reach(each)})
        assert heavy, f"{name(path)}:{node.lineno} may stand at the top"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_stay_short(path):
    """500 lines to a file, 50 to a function's body without its docstring."""
    text = path.read_text()
    assert text.count("\n") <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 50, f"{name(path)}:{node.lineno} {node.name}"
