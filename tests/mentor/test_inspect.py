"""`jasang inspect`: guesses printed, factory.toml written once, and what is written read back as it was guessed."""

from pathlib import Path

import pytest
from tests.analyze.roles.shop_tables import TABLES

from jasang.cli.main import main
from jasang.connect.factory_toml import read_factory_toml
from jasang.mentor.inspect import inspect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A factory's folder with two tables and no factory.toml."""
    for place, name in ((0, "생산.csv"), (8, "정지.csv")):
        frame = TABLES[place].frame()
        frame.write_csv(tmp_path / name, datetime_format="%Y-%m-%d %H:%M:%S")
    return tmp_path


def test_folder_gets_a_factory_toml_that_keeps_every_guess(folder: Path) -> None:
    before = inspect(folder)

    assert main(["inspect", str(folder), "--lang", "ko"]) == 0

    after = inspect(folder)
    assert (before.stated, after.stated) == (False, True)
    assert [table.guess.table for table in after.tables] == [table.guess.table for table in before.tables]
    assert {one.confidence for table in after.tables for one in table.guess.guesses} == {1.0}


def test_factory_toml_that_is_there_is_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = '[factory]\nname = "대한정밀"\n'
    (folder / "factory.toml").write_text(mine, encoding="utf-8")

    status = main(["inspect", str(folder), "--lang", "en"])

    assert (status, (folder / "factory.toml").read_text(encoding="utf-8")) == (0, mine)
    assert (
        capsys.readouterr().out.splitlines()[-1]
        == "There is a factory.toml, left as it is. Add --force to write it anew."
    )


def test_force_replaces_factory_toml(folder: Path) -> None:
    (folder / "factory.toml").write_text('[factory]\nname = "대한정밀"\n', encoding="utf-8")

    main(["inspect", str(folder), "--force"])

    written = read_factory_toml(folder / "factory.toml")
    assert (written.name, len(written.tables)) == ("대한정밀", 2)


def test_single_file_writes_nothing_unless_asked(folder: Path) -> None:
    main(["inspect", str(folder / "생산.csv")])

    assert sorted(path.name for path in folder.iterdir()) == ["생산.csv", "정지.csv"]


def test_write_to_existing_file_is_refused_and_nothing_changed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = folder / "mine.toml"
    target.write_text("x", encoding="utf-8")

    status = main(["inspect", str(folder), "--write", str(target), "--lang", "en"])

    assert (status, target.read_text(encoding="utf-8")) == (1, "x")
    assert (
        capsys.readouterr().err
        == f"jasang: {target} exists already and was left as it is; add --force to replace it.\n"
    )


def test_every_column_is_printed_with_its_role(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", str(folder / "생산.csv"), "--lang", "ko"])

    out = capsys.readouterr().out
    roles = {header: roles.split("|") for header, _, roles in TABLES[0].columns}
    lines = [line.strip() for line in out.splitlines()]
    shown = {header: next(line for line in lines if line.startswith(header + " ")) for header in roles}
    assert [header for header, right in roles.items() if not any(f"({role})" in shown[header] for role in right)] == []
