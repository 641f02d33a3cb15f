"""The pages of the documentation, which ship with the package: listed, read, searched."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from jasang.errors import ConfigurationError, Language, WrongArguments
from jasang.mentor.search.index import Document, Index

SCHEME = "jasang://docs/"
_KOREAN = ".ko.md"
_WEIGHTS = {"title": 3.0, "name": 2.0, "text": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """A page in one language: `name` as `rules/drift`."""

    name: str
    language: Language
    title: str
    file: Path

    @property
    def uri(self) -> str:
        """Its address as a resource."""
        return f"{SCHEME}{self.name}.{self.language}"

    def text(self) -> str:
        """The whole page, Markdown."""
        return self.file.read_text("utf-8")


def _folder() -> Path:
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "docs", here.parents[3] / "docs"):  # installed; in the sources
        if (folder / "rules").is_dir():
            return folder
    raise ConfigurationError(
        ko="설명서 폴더(docs)가 없습니다. 자상을 다시 설치하세요.",
        en="The documentation (docs) is missing. Install Jasang again.",
    )


@cache
def pages() -> Sequence[DocumentPage]:
    """All pages users read, by name; decisions and lists for developers are left out."""
    folder = _folder()
    found = []
    for file in sorted(folder.rglob("*.md")):
        below = file.relative_to(folder).as_posix()
        if below.startswith("decisions/"):
            continue
        language: Language = "ko" if below.endswith(_KOREAN) else "en"
        name = below.removesuffix(_KOREAN).removesuffix(".md")
        found.append(DocumentPage(name=name, language=language, title=_title(file), file=file))
    return found


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        first = next((line for line in lines if line.startswith("# ")), f"# {file.stem}")
    return first.removeprefix("# ").strip()


def document(name: str, language: Language) -> DocumentPage:
    """The page of that name; the English one where it is in no other language."""
    named = {page.language: page for page in pages() if page.name == name.removesuffix(".md").strip("/")}
    if not named:
        raise WrongArguments(
            ko=f"설명서에 '{name[:80]}' 쪽이 없습니다. search_documents로 찾아보세요.",
            en=f"There is no page '{name[:80]}'. search_documents finds pages.",
        )
    return named.get(language) or named["en"]


def search(query: str, *, language: Language | None, limit: int) -> list[tuple[DocumentPage, str]]:
    """The best pages for what somebody typed, each with the lines around a found word."""
    by_uri = {page.uri: page for page in pages() if language in (None, page.language)}
    hits = [by_uri[hit.key] for hit in _index().search(query, 4 * limit) if hit.key in by_uri][:limit]
    return [(page, _excerpt(page.text(), query)) for page in hits]


@lru_cache(maxsize=1)
def _index() -> Index:
    index = Index(_WEIGHTS)
    index.add(
        Document(key=page.uri, fields={"title": page.title, "name": page.name, "text": page.text()}) for page in pages()
    )
    return index


def _excerpt(text: str, query: str) -> str:
    words = [re.escape(word) for word in query.split() if len(word) > 1]
    found = re.search("|".join(words), text, re.IGNORECASE) if words else None
    start = max(0, (found.start() if found else 0) - 150)
    return " ".join(text[start : start + 400].split())
