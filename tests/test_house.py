"""The house rules that a program can check: catalogues match folders, files stay short, both languages exist."""

from pathlib import Path

import pytest

from jasang.diagnose.catalog import RULES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "jasang"
RULE_FILES = {path.stem for path in (SOURCE / "diagnose" / "rules").glob("*.py")} - {"__init__"}


def test_every_rule_file_is_in_the_catalogue_once() -> None:
    assert sorted(rule.name for rule in RULES) == sorted(RULE_FILES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("ending", [".md", ".ko.md"])
def test_every_rule_has_its_page_in_both_languages(rule, ending: str) -> None:
    page = ROOT / "docs" / "rules" / f"{rule.name}{ending}"

    assert page.is_file(), f"docs/rules/{rule.name}{ending} is missing"
    assert f"({rule.name}{ending})" in (ROOT / "docs" / "rules" / "README.md").read_text("utf-8")


def test_every_command_file_is_in_the_catalogue() -> None:
    from jasang.cli.catalog import COMMANDS

    folder = {path.stem for path in (SOURCE / "cli").glob("*.py")}
    not_commands = {
        "__init__",
        "main",
        "catalog",
        "arguments",
        "front_page",
        "language",
        "show_study",
        "schedule_show",
        "terminal",
        "trust",
    }
    assert set(COMMANDS) == folder - not_commands


def test_no_source_file_is_longer_than_500_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts and (count := len(path.read_text("utf-8").splitlines())) > 500
    }
    assert long == {}


def test_no_package_has_a_name_that_says_nothing() -> None:
    empty_names = {"common", "utils", "helpers", "base", "core", "misc"}
    modules = [path for path in SOURCE.rglob("*") if path.suffix == ".py" or path.is_dir()]
    assert [str(path) for path in modules if path.stem in empty_names] == []


def test_both_readmes_show_the_same_commands() -> None:
    english, korean = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ko.md"))
    for command in ("make demo", "make test", "jasang diagnose", "jasang inspect", "jasang collect"):
        assert (command in english, command in korean) == (True, True)


def test_links_in_the_documentation_lead_somewhere() -> None:
    import re

    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"]
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert dead == []


def test_no_two_test_files_share_a_name() -> None:
    # pytest imports test files of folders that are no packages by their bare name: the second one would not run.
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_labels_of_axes_are_not_given_their_place_as_digits() -> None:
    # ECharts calls a formatter with the value and the label's place; `number` takes the digits second: 1.5 became "2".
    import re

    scripts = [path for path in SOURCE.rglob("*.js") if "echarts" not in path.name]
    bare = [str(path) for path in scripts if re.search(r"formatter\s*[:=]\s*number\b", path.read_text("utf-8"))]
    assert bare == []
