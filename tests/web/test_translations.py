"""Nothing is said in one language only, and the compiled catalogues are those of the sources."""

import gettext
import importlib.util
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.web

TOOL = Path(__file__).resolve().parents[2] / "tools" / "translations.py"


@pytest.fixture(scope="module")
def tool() -> Any:
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("translations", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_sentence_is_translated_and_none_is_left_over(tool: Any, language: str) -> None:
    catalogue = tool.catalogue(language)
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue if message.id}

    assert tool.untranslated(catalogue) == []
    assert known == set(tool.sentences())


@pytest.mark.parametrize("language", ["ko", "en"])
def test_compiled_catalogue_matches_its_source(tool: Any, language: str) -> None:
    compiled = tool.LOCALES / language / "LC_MESSAGES" / "django.mo"
    with compiled.open("rb") as opened:
        translations = gettext.GNUTranslations(opened)

    for message in tool.catalogue(language):
        if isinstance(message.id, str) and message.id:
            assert translations.gettext(message.id) == message.string
        elif message.id:
            assert [translations.ngettext(*message.id, n) for n in (1, 2)] == [
                message.string[0],
                message.string[-1],
            ]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_placeholders_survive_translation(tool: Any, language: str) -> None:
    import re

    holes = re.compile(r"%\((\w+)\)|(%%)")
    for message in tool.catalogue(language):
        if isinstance(message.id, str) and message.id:
            assert sorted(holes.findall(message.id)) == sorted(holes.findall(message.string)), message.id
