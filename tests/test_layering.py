"""Who may import whom, who may import Brian2, nevergrad and matplotlib, and who prints."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "neuromodels"
DECLARED = {
    "errors", "seeding", "spec", "recording", "coefficients", "models", "rules", "tasks",
    "circuits", "objectives", "study", "search", "version",
}  # fmt: skip
STORED = {"errors", "version", "spec", "recording"}

MAY_IMPORT = {
    "errors": set(),
    "seeding": set(),
    "spec": {"errors"},
    "recording": {"errors"},
    "coefficients": {"errors", "spec"},
    "catalog": {"errors"},
    "models": {"errors", "catalog", "coefficients"},
    "rules": {"errors", "catalog", "coefficients"},
    "bodies": {"errors"},
    "tasks": {"errors", "catalog", "bodies"},
    "circuits": {"errors", "spec", "coefficients", "models", "rules", "tasks"},
    "outcome": set(),
    "objectives": {"errors", "outcome"},
    "archive": set(),
    "search": {"errors", "spec", "seeding", "coefficients"},
    "analysis": {"errors", "recording", "seeding"},
    "storage": STORED,
    "plotting": {"errors"},
    "study": {"errors", "objectives", "search"},
    "studyform": {"errors", "coefficients", "objectives", "study"},
    "studynames": {"errors", "studyform"},
    "rulechecks": {"errors", "coefficients", "study", "studyform", "studynames"},
    "circuitchecks": {"errors", "coefficients", "rulechecks", "study", "studyform", "studynames"},
    "studychecks": DECLARED | {"circuitchecks", "rulechecks", "studyform", "studynames"},
    "ownfiles": {"errors", "studyform", "studynames"},
    "pythonstudy": {"errors", "study"},
    "studyfile": {"errors", "study", "studyform", "studynames", "studychecks"}
    | {"ownfiles", "pythonstudy"},
    "sweep": {"study", "studychecks", "studyfile", "ownfiles"},
    "sidebyside": set(),
    "sweeping": {"ownfiles", "sidebyside", "storage", "study", "studyfile", "sweep"},
    "templates": {"errors", "storage"},
    "alternatives": {"storage", "study"},
    "loading": {"errors", "alternatives", "coefficients", "rules", "storage", "study"},
    "exporting": {"errors", "loading", "storage"},
    "comparison": {"errors", "reporting", "storage", "study"},
    "standings": {"outcome", "storage"},
    "scoreboard": {"standings"},
    "status": {"errors", "standings", "storage", "study"},
    "watching": {"errors", "scoreboard", "standings", "status", "storage"},
    "extension": {"storage", "study"},
    "warmstart": DECLARED | STORED | {"evaluation", "loading", "ownfiles", "storage"},
    "simulation": DECLARED - {"study", "search", "objectives"},
    "evaluation": DECLARED | {"simulation", "outcome"},
    "embodiment": DECLARED | {"bodies", "evaluation", "outcome", "simulation"},
    "episodes": DECLARED | {"embodiment", "evaluation", "simulation"},
    "memory": DECLARED | {"analysis", "episodes"},
    "imprint": DECLARED | {"analysis", "episodes"},
    "representation": DECLARED | {"episodes"},
    "injuries": DECLARED | {"episodes"},
    "steering": DECLARED | {"episodes"},
    "transfer": DECLARED | {"embodiment", "scoring"},
    "novelty": DECLARED | {"bodies", "embodiment", "scoring"},
    "scoring": {"errors", "outcome", "seeding"},
    "distribution": {"embodiment", "errors", "outcome", "scoring", "sidebyside"}
    | {"storage", "study"},
    "events": STORED | {"storage"},
    "evolution": DECLARED | STORED | {"archive", "events", "outcome", "scoring", "storage"},
    "others": {"evolution", "scoring", "search", "seeding"},
    "runner": DECLARED
    | STORED
    | {"embodiment", "events", "evolution", "extension", "others", "outcome", "scoring"}
    | {"sidebyside", "storage", "warmstart"},
    "measuring": DECLARED
    | STORED
    | {"analysis", "episodes", "imprint", "injuries", "memory", "novelty", "ownfiles"}
    | {"representation", "scoring", "steering", "storage", "studyfile", "transfer"},
    "reporting": STORED | {"alternatives", "outcome", "scoring", "storage", "study", "tasks"},
    "webpage": {"plotting", "reporting", "standings", "storage"},
    "progress": {"events", "scoreboard", "standings", "storage", "study"},
    "display": {"events", "progress", "scoreboard"},
    "running": {"display", "events", "loading", "progress", "runner", "sidebyside", "status"}
    | {"storage", "study", "sweep", "sweeping"},
    "listing": {"models", "rules", "tasks", "search"},
    "doctor": {"storage", "simulation"},
    "figures": STORED | {"plotting", "storage", "study", "studyform", "sweep"},
}
AT_HOME = {
    "brian2": {"models", "rules", "simulation"},
    "nevergrad": {"search/optimizer.py", "search/pareto.py", "search/registered.py"},
    "matplotlib": {"plotting"},
    "distributed": {"distribution"},
    "dask": {"distribution"},
    "gymnasium": {"bodies"},
    "mujoco": {"bodies"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def unit_of(path):
    """Return the first name below the package: the unit a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    """Return the dotted names a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "neuromodels":
                yield from (f"neuromodels.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


def name(path):
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_one_way(path):
    unit = unit_of(path)
    if unit in ("cli", "__main__", "__init__"):
        return
    assert unit in MAY_IMPORT, f"{unit} needs a line in this table"
    used = {each.split(".")[1] for each in imports_of(path) if each.startswith("neuromodels.")}
    assert used - {unit} <= MAY_IMPORT[unit]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_heavy_packages_stay_at_home(path):
    for package, homes in AT_HOME.items():
        if any(each.split(".")[0] == package for each in imports_of(path)):
            assert {unit_of(path), name(path)} & homes, f"{package} has no home in {name(path)}"


def test_the_table_has_no_cycle():
    left = {unit: set(allowed) & set(MAY_IMPORT) - {unit} for unit, allowed in MAY_IMPORT.items()}
    while left:
        free = {unit for unit, needs in left.items() if not needs & set(left)}
        assert free, f"a cycle among {sorted(left)}"
        left = {unit: needs for unit, needs in left.items() if unit not in free}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_the_command_line_prints(path):
    if name(path) == "cli.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "Console"), f"{name(path)}:{node.lineno}"
