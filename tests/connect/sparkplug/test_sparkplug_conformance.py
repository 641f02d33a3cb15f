"""docs/sparkplug-conformance.md: every assertion points to a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "sparkplug-conformance.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([a-z0-9-]+) \| .+ \| `([\w.]+)::(\w+)` \|$", PAGE, flags=re.MULTILINE)


def test_table_is_complete_and_names_each_assertion_once() -> None:
    ids = [row[0] for row in ROWS]

    assert len(ids) == 85
    assert len(set(ids)) == len(ids)


def test_every_assertion_points_to_an_existing_test() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")}

    lost = [(id_, name) for id_, file, name in ROWS if f"def {name}(" not in sources.get(file, "")]

    assert lost == []


def test_no_line_of_the_tables_is_left_out() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and line.endswith("` |")]

    assert len(lines) == len(ROWS)
