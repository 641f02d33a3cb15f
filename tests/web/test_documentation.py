"""The portal's page says every setting and every command, in both languages."""

import re
from pathlib import Path

import pytest

from jasang.web.manage import OWN_COMMANDS

pytestmark = pytest.mark.web

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "jasang" / "web"


@pytest.mark.parametrize("page", ["portal.md", "portal.ko.md"])
def test_every_setting_and_command_is_described(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    settings = set(re.findall(r'"(JASANG_[A-Z_]+)"', (WEB / "settings.py").read_text("utf-8")))
    commands = {file.stem for file in WEB.glob("*/management/commands/*.py")} - {"__init__"}

    assert {name for name in settings if f"`{name}`" not in text} == set()
    assert {name for name in commands if f"| `{name}" not in text} == set()


def test_help_of_the_portal_shows_every_own_command() -> None:
    assert set(OWN_COMMANDS) == {file.stem for file in WEB.glob("*/management/commands/*.py")} - {"__init__"}
