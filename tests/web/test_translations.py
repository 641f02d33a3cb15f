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
    for place in tool.places():
        catalogue = tool.catalogue(language, place)
        known = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalogue if one.id}

        assert tool.untranslated(catalogue) == [], place
        assert known == set(tool.sentences(place)), place


def test_same_sentence_says_the_same_in_every_area(tool: Any) -> None:
    said: dict[Any, set[Any]] = {}
    for place in tool.places():
        for message in tool.catalogue("ko", place):
            if message.id:
                said.setdefault(message.id, set()).add(message.string)

    assert {sentence: strings for sentence, strings in said.items() if len(strings) > 1} == {}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_compiled_catalogue_matches_its_source(tool: Any, language: str) -> None:
    for place in tool.places():
        with (tool.folder(place, language) / "django.mo").open("rb") as opened:
            translations = gettext.GNUTranslations(opened)

        for message in tool.catalogue(language, place):
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
    for message in (one for place in tool.places() for one in tool.catalogue(language, place)):
        if isinstance(message.id, str) and message.id:
            assert sorted(holes.findall(message.id)) == sorted(holes.findall(message.string)), message.id
