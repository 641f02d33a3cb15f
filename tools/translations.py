"""The portal's catalogues: collects every sentence, keeps `locale/{ko,en}/LC_MESSAGES/django.po`, compiles them.

    python tools/translations.py [AREA …]   after a sentence was added or changed; then write the Korean of what it lists

An area that has a folder `locale` keeps its own sentences there; all others share `web/locale`.

English is the sentence itself. A test keeps the catalogues complete and the compiled ones up to date.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

WEB = Path(__file__).resolve().parent.parent / "src" / "jasang" / "web"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
Sentence = str | tuple[str, str]
# The day of the run would make every run a change.
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
UNSAID = (b'"PO', b'"Project', b'"Report', b'"Last-', b'"Language-Team', b'"Generated')


def places() -> tuple[Path, ...]:
    """The folders that keep a catalogue: the portal's own and those of areas."""
    return (WEB, *sorted(folder.parent for folder in WEB.glob("*/locale")))


def sentences(place: Path = WEB) -> dict[Sentence, str]:
    """Every sentence of the code and templates of a place (a pair where the number counts) and the file it is first seen in."""
    if not settings.configured:
        settings.configure()  # templatize() asks for settings; nothing of them matters here
    others = [other for other in places() if place in other.parents]
    found: dict[Sentence, str] = {}
    for file in sorted([*place.rglob("*.py"), *place.rglob("*.html"), *place.rglob("templates/**/*.txt")]):
        if any(other in file.parents for other in others):
            continue
        for sentence in _in_file(file):
            found.setdefault(sentence, file.relative_to(WEB).as_posix())
    return found


def _in_file(file: Path) -> Iterator[Sentence]:
    text = file.read_text("utf-8")
    if file.suffix in (".html", ".txt"):  # pages and letters
        # What it returns reads as Python but for the indentation.
        text = "\n".join(line.lstrip() for line in templatize(text).splitlines())
    for _, sentence, _, _ in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
        yield tuple(sentence) if isinstance(sentence, (tuple, list)) else sentence


def folder(place: Path, language: str) -> Path:
    """Where a place's catalogue of a language lies."""
    return place / "locale" / language / "LC_MESSAGES"


def catalogue(language: str, place: Path = WEB) -> Catalog:
    """The catalogue as it stands in the folder, or an empty one."""
    file = folder(place, language) / "django.po"
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as opened:
        return read_po(opened, locale=language)


def updated(language: str, place: Path = WEB) -> Catalog:
    """The catalogue with exactly today's sentences; translations are kept (also those of other places), English is filled in."""
    kept = [catalogue(language, one) for one in sorted(places(), key=lambda one: one != place)]
    fresh = Catalog(locale=language, charset="utf-8", fuzzy=False, creation_date=NO_DATE, revision_date=NO_DATE)
    for sentence, file in sorted(sentences(place).items(), key=lambda pair: str(pair[0])):
        named = sentence if isinstance(sentence, str) else sentence[0]
        string = next((known.string for one in kept if (known := one.get(named)) is not None and known.string), None)
        if language == "en":
            string = sentence
        elif isinstance(sentence, tuple) and isinstance(string, str):
            string = (string,)
        fresh.add(sentence, string or ("" if isinstance(sentence, str) else ("",)), locations=[(file, None)])
    return fresh


def compiled(translations: Catalog) -> bytes:
    """The catalogue as Django reads it."""
    out = io.BytesIO()
    write_mo(out, translations)
    return out.getvalue()


def as_text(translations: Catalog) -> bytes:
    """The catalogue as people edit it."""
    translations.header_comment = "# The portal's sentences; updated by tools/translations.py."
    out = io.BytesIO()
    write_po(out, translations, sort_output=True, omit_header=False, include_lineno=False, width=120)
    return b"".join(line for line in out.getvalue().splitlines(keepends=True) if not line.startswith(UNSAID))


def untranslated(translations: Catalog) -> list[str]:
    """Sentences without a translation."""
    return [
        str(message.id)
        for message in translations
        if message.id and not all(message.string if isinstance(message.string, tuple) else (message.string,))
    ]


def main(areas: list[str]) -> int:
    """Update and compile the catalogues (of the named areas, all without names); list what is still to be translated."""
    chosen = [WEB / area for area in areas] or places()
    # All are read before the first is written: a sentence that moves to another area takes its translation along.
    made = [(place, language, updated(language, place)) for place in chosen for language in ("ko", "en")]
    for place, language, translations in made:
        target = folder(place, language)
        target.mkdir(parents=True, exist_ok=True)
        (target / "django.po").write_bytes(as_text(translations))
        (target / "django.mo").write_bytes(compiled(translations))
    missing = [sentence for _, _, translations in made for sentence in untranslated(translations)]
    sys.stdout.write("".join(f"to translate: {sentence}\n" for sentence in missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
