"""Wrong arguments are answered in the user's language with status 2."""

import pytest

from jasang.cli.catalog import COMMANDS
from jasang.cli.front_page import _columns
from jasang.cli.language import language_of_arguments
from jasang.cli.main import main


@pytest.mark.parametrize(
    ("locale", "arguments", "language"),
    [
        ("ko_KR.UTF-8", [], "ko"),
        ("C.UTF-8", [], "en"),
        ("ko_KR.UTF-8", ["diagnose", "--lang", "en"], "en"),
        ("C.UTF-8", ["diagnose", "--lang=ko"], "ko"),
        ("C.UTF-8", ["diagnose", "--lang"], "en"),
    ],
)
def test_language_is_that_of_the_option_else_of_the_locale(
    monkeypatch, locale: str, arguments: list[str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", locale)

    assert language_of_arguments(arguments) == language


def test_missing_path_is_said_in_korean_with_status_2(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["diagnose", "--lang", "ko"])

    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith("jasang diagnose: 잘못된 명령입니다: 빠진 값이 있습니다: PATH\n")


def test_unknown_language_is_said_in_english_with_status_2(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["diagnose", "x.csv", "--lang", "fr"])

    assert stopped.value.code == 2
    assert "argument --lang: invalid choice: 'fr' (choose from" in capsys.readouterr().err


def test_help_page_is_korean_where_korean_is_asked_for(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["diagnose", "--lang", "ko", "--help"])

    page = capsys.readouterr().out
    assert page.startswith("사용법: jasang diagnose")
    assert "선택:" in page
    assert "options:" not in page


def test_language_may_stand_before_the_command(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["--lang", "ko", "diagnose", "--help"])

    assert capsys.readouterr().out.startswith("사용법: jasang diagnose")


def test_help_before_a_command_shows_its_page(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["help", "inspect", "--lang", "en"])

    assert capsys.readouterr().out.startswith("usage: jasang inspect")


def test_mistyped_command_is_answered_with_the_nearest(capsys) -> None:
    assert main(["diagnos", "x.csv", "--lang=en"]) == 2
    assert capsys.readouterr().err == (
        "jasang: 'diagnos': there is no such command. Did you mean diagnose? `jasang --help` lists them.\n"
    )


def test_no_command_at_all_shows_the_help_page_with_status_2(capsys, monkeypatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    assert main([]) == 2
    assert capsys.readouterr().err.startswith("usage: jasang [-h] [--version] COMMAND ...")


def test_a_language_alone_shows_the_help_page_in_it(capsys) -> None:
    assert main(["--lang=ko"]) == 2
    assert capsys.readouterr().err.startswith("사용법: jasang [-h] [--version] 명령 ...")


def test_help_page_is_shown_in_the_narrowest_window(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "12")

    with pytest.raises(SystemExit) as ended:
        main(["--help", "--lang=en"])

    assert ended.value.code == 0
    assert "diagnose" in capsys.readouterr().out


@pytest.mark.parametrize("language", ["ko", "en"])
def test_help_page_shows_every_command_once_within_the_width(capsys, monkeypatch, language: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    with pytest.raises(SystemExit):
        main(["--help", "--lang", language])

    lines = capsys.readouterr().out.splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith(("   ", "  -"))]
    assert sorted(shown) == sorted(COMMANDS)
    assert [line for line in lines if _columns(line) > 80 and line.startswith("  ")] == []
