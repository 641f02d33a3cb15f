"""Writes small files and opens them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jasang.connect.protocols.files import FileTable, OpenedFolder, open_path

Write = Callable[..., Path]
OpenTable = Callable[..., FileTable]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write("a.csv", "a,b\\n1,2\\n")` writes the file and returns its path."""

    def write_file(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_file


@pytest.fixture
def opened() -> Iterator[Callable[[Path], OpenedFolder]]:
    """`opened(path)` is open until the test ends."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(open_path(path))


@pytest.fixture
def table(write: Write, opened: Callable[[Path], OpenedFolder]) -> OpenTable:
    """`table("a.csv", content)` is the one table of that file."""

    def open_table(name: str, content: str | bytes, encoding: str = "utf-8") -> FileTable:
        (only,) = opened(write(name, content, encoding)).files
        return only

    return open_table
