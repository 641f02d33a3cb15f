"""One word for one thing in Korean: who answers is a 상담원, what a factory asks is a 문의, on every page and in every letter."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.web

ROOT = Path(__file__).resolve().parents[2]
CENTRE = ROOT / "src" / "jasang" / "web" / "center"
# Other words that were used for the same things.
OTHER = re.compile(r"담당자|상담 건|상담에 새|상담사|애로|편지|티켓|\b(?:이|다른|새) 건(?:은|을|과|의|이|에)")


def _texts() -> list[Path]:
    catalogues = [CENTRE.parent / area / "locale/ko/LC_MESSAGES/django.po" for area in ("center", "notices", "api")]
    docs = [ROOT / "docs" / f"{name}.ko.md" for name in ("center", "search")]
    return [*catalogues, *docs, *sorted(CENTRE.rglob("*.py")), *sorted(CENTRE.rglob("*.html"))]


def test_korean_of_the_centre_has_one_word_for_one_thing() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in _texts()
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if OTHER.search(line)
    ]

    assert found == []
