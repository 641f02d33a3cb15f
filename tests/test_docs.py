"""The documentation says what is there: commands parse, Python imports, examples are well formed, links and headings exist."""

import ast
import importlib
import io
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from jasang.cli.catalog import COMMANDS
from jasang.cli.main import _parser

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "README.ko.md", *sorted(DOCS.rglob("*.md"))]
# Pages for those who work on Jasang, and figures: English alone.
TWO_IN_ONE = {DOCS / "rules" / "README.md"}
ONE_LANGUAGE = {"architecture.md", "benchmarks.md", "statistics.md", "findings-on-real-data.md"}
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ENDS_COMMAND = {"|", "||", "&&", ";", "&", ">", ">>", "2>", "<"}


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *kinds: str) -> Iterator[str]:
    for kind, text in _BLOCK.findall(page.read_text("utf-8")):
        if kind in kinds:
            yield text


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every call of `jasang` in the shell blocks and indented examples of a page."""
    text = "\n".join(blocks(page, "sh", "bash", "console", "")).replace("\\\n", " ")
    text += "\n".join(re.findall(r"^ {4}((?:\.venv/bin/)?jasang .*)$", page.read_text("utf-8"), re.MULTILINE))
    for line in text.splitlines():
        found = re.search(r"(?:^|[\s$;|&(])(?:\.venv/bin/)?jasang (.*)", line)
        if found is None:
            continue
        # A synopsis: [--option A|B] may be given, [the same options] stands for others.
        plain = re.sub(r"\[(-[^\]|]*)(?:\|[^\]]*)?\]", r"\1", found[1])
        plain = re.sub(r"\[[^\]\"']*\]", "", plain)
        lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words = []
        for word in lexer:
            if word in _ENDS_COMMAND:
                break
            words.append(word)
        yield words


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_on_a_page_parse(page: Path) -> None:
    wrong = []
    for words in commands(page):
        if not words or "…" in " ".join(words) or "..." in words:
            continue  # an ellipsis says that more belongs there
        said = io.StringIO()
        try:
            with redirect_stderr(said), redirect_stdout(io.StringIO()):
                _parser("en", words).parse_args(words)
        except SystemExit as stopped:
            if stopped.code:
                wrong.append((" ".join(words), said.getvalue().splitlines()[-1]))
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_python_on_a_page_compiles_and_imports_what_is_there(page: Path) -> None:
    missing = []
    for text in blocks(page, "python", "py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jasang"):
                if node.module.startswith("jasang.web"):
                    continue  # needs Django's settings; the portal's tests import these
                module = importlib.import_module(node.module)
                missing += [
                    f"{node.module}.{one.name}" for one in node.names if one.name != "*" and not _has(module, one.name)
                ]
            elif isinstance(node, ast.Import):
                for one in node.names:
                    if one.name.startswith("jasang"):
                        importlib.import_module(one.name)
    assert missing == []


def _has(module: object, name: str) -> bool:
    if hasattr(module, name):
        return True
    try:
        importlib.import_module(f"{module.__name__}.{name}")  # type: ignore[attr-defined]
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_settings_and_json_on_a_page_are_well_formed(page: Path) -> None:
    for text in blocks(page, "toml"):
        tomllib.loads(text)
    for text in blocks(page, "json"):
        if "…" not in text:
            json.loads(text)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings as code hosts make them."""
    found: set[str] = set()
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_anchors_that_a_page_links_to_exist(page: Path) -> None:
    dead = []
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        other = (page.parent / target) if target else page
        if other.suffix == ".md" and anchor not in anchors(other):
            dead.append(f"{target}#{anchor}")
    assert dead == []


def test_every_page_has_its_korean_twin_with_the_same_main_headings() -> None:
    apart = {}
    for page in PAGES:
        if page.name.endswith(".ko.md") or page.name in ONE_LANGUAGE or "decisions" in page.parts or page in TWO_IN_ONE:
            continue
        twin = page.with_name(page.name.removesuffix(".md") + ".ko.md")
        if not twin.is_file():
            apart[names(page)] = "no .ko.md"
            continue
        levels = [re.findall(r"^##? ", _without_blocks(one), re.MULTILINE) for one in (page, twin)]
        if levels[0] != levels[1]:
            apart[names(page)] = f"{len(levels[0])} headings, its twin {len(levels[1])}"
    assert apart == {}


def _without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("index", ["README.md", "README.ko.md"])
def test_every_page_and_command_is_found_from_the_index(index: str) -> None:
    text = (DOCS / index).read_text("utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target}
    for page in [one for one in linked if one.name.startswith("README")]:  # the indexes of rules and analyses
        deeper = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        linked |= {(page.parent / target).resolve() for target in deeper if "://" not in target}
    korean = index.endswith(".ko.md")
    wanted = {
        page
        for page in DOCS.rglob("*.md")
        if "decisions" not in page.parts
        and (page.name.endswith(".ko.md") == korean or (korean and page.name in ONE_LANGUAGE) or page in TWO_IN_ONE)
    }
    assert sorted(names(page) for page in wanted - linked - {DOCS / index}) == []
    assert [name for name in COMMANDS if f"`jasang {name}`" not in text] == []
