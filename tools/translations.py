"""The portal's catalogues: collects every sentence, keeps `locale/{ko,en}/LC_MESSAGES/django.po`, compiles them.

    python tools/translations.py     after a sentence was added or changed; then write the Korean of what it lists

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
LOCALES = WEB / "locale"
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


def sentences() -> dict[Sentence, str]:
    """Every sentence of code and templates (a pair where the number counts) and the file it is first seen in."""
    if not settings.configured:
        settings.configure()  # templatize() asks for settings; nothing of them matters here
    found: dict[Sentence, str] = {}
    for file in sorted([*WEB.rglob("*.py"), *WEB.rglob("*.html")]):
        for sentence in _in_file(file):
            found.setdefault(sentence, file.relative_to(WEB).as_posix())
    return found


def _in_file(file: Path) -> Iterator[Sentence]:
    text = file.read_text("utf-8")
    if file.suffix == ".html":
        # What it returns reads as Python but for the indentation.
        text = "\n".join(line.lstrip() for line in templatize(text).splitlines())
    for _, sentence, _, _ in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
        yield tuple(sentence) if isinstance(sentence, (tuple, list)) else sentence


def catalogue(language: str) -> Catalog:
    """The catalogue as it stands in the folder, or an empty one."""
    file = LOCALES / language / "LC_MESSAGES" / "django.po"
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as opened:
        return read_po(opened, locale=language)


def updated(language: str) -> Catalog:
    """The catalogue with exactly today's sentences; translations are kept, English is filled in."""
    kept = catalogue(language)
    fresh = Catalog(locale=language, charset="utf-8", fuzzy=False, creation_date=NO_DATE, revision_date=NO_DATE)
    for sentence, file in sorted(sentences().items(), key=lambda pair: str(pair[0])):
        known = kept.get(sentence if isinstance(sentence, str) else sentence[0])
        string = known.string if known is not None else None
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


def main() -> int:
    """Update and compile both catalogues; list what is still to be translated."""
    missing: list[str] = []
    for language in ("ko", "en"):
        translations = updated(language)
        folder = LOCALES / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "django.po").write_bytes(as_text(translations))
        (folder / "django.mo").write_bytes(compiled(translations))
        missing += untranslated(translations)
    sys.stdout.write("".join(f"to translate: {sentence}\n" for sentence in missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
