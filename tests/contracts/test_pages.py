"""The pages name what there is: commands, optimizers, figures, devices and tasks."""

from pathlib import Path

import pytest

import neuromodels.cli  # noqa: F401  (declares the commands)
from neuromodels import tasks
from neuromodels.commands import COMMANDS
from neuromodels.report.figures import scripts_of
from neuromodels.search import OPTIMIZERS
from neuromodels.simulation.device.targets import DEVICES

ROOT = Path(__file__).parents[2]


def text_of(pattern):
    return "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob(pattern))


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_a_section(name):
    assert f"\n## {name}\n" in text_of("docs/reference/commands.md")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_on_the_page_on_search(name):
    page = text_of("docs/explanation/search.md")
    assert f"`{name}`" in page, "add its row to docs/explanation/search.md"


OPTIONS = [(name, option) for name, info in OPTIMIZERS.items() for option in info.options]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_of_an_optimizer_is_in_the_table_of_options(name, option):
    rows = [line.split("|") for line in text_of("docs/explanation/search.md").splitlines()]
    cells = [row[1:3] for row in rows if len(row) == 6]
    found = any(f"`{option}`" in left and f"`{name}`" in right for left, right in cells)
    assert found, "add it to the table of options in docs/explanation/search.md"


@pytest.mark.parametrize("name", scripts_of(ROOT))
def test_every_figure_is_described(name):
    assert f"\n## {name}\n" in text_of("figures/README.md") or f"`{name}`" in text_of(
        "figures/README.md"
    )


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_is_explained(name):
    assert f'"{name}"' in text_of("docs/explanation/*.md")


@pytest.mark.parametrize("name", tasks.CATALOG)
def test_every_task_has_a_row_with_its_parameters(name):
    page = text_of("docs/reference/tasks.md")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"{name!r} needs one row in docs/reference/tasks.md"
    for parameter, default in tasks.CATALOG[name].parameters.items():
        assert f"{parameter} = {default:g}" in rows[0]
