"""What the pages of the protocols show as collect.toml is valid, in both languages."""

import re
from pathlib import Path

import pytest

from jasang.connect.collect_toml import read_collect_toml

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "protocols").glob("*.md"))
BLOCK = re.compile(r"^( *)```toml\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


class AnySecret(dict[str, str]):
    def get(self, key: str, default: object = None) -> str:
        return "x"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_a_page_are_valid(page: Path, tmp_path: Path) -> None:
    blocks = [text for _, text in BLOCK.findall(page.read_text("utf-8")) if text.lstrip().startswith("[[connections]]")]
    for block in blocks:
        path = tmp_path / "collect.toml"
        path.write_text(block, "utf-8")
        assert read_collect_toml(path, AnySecret()).links


@pytest.mark.parametrize("name", ["modbus", "mtconnect", "opcua", "sql", "folder"])
@pytest.mark.parametrize("ending", [".md", ".ko.md"])
def test_every_field_is_on_its_page(name: str, ending: str) -> None:
    from jasang.connect.catalog import load

    page = (PAGES[0].parent / f"{name}{ending}").read_text("utf-8")
    protocol = load(name)
    fields = {*protocol.options.model_fields, *protocol.signal_options.model_fields}
    assert {field for field in fields if f"`{field}`" not in page} == set()
