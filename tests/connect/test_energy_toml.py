"""`[energy]` of factory.toml: read, refused, and written back."""

from pathlib import Path

import pytest

from jasang.connect.factory_toml import read_factory_toml, write_factory_toml
from jasang.errors import ConfigurationError

TEXT = """
[energy]
contract_kw = 500.0
tariff = "산업용(갑)Ⅱ 고압A 선택Ⅱ"
demand_charge = 7470.0

[[energy.seasons]]
months = [6, 7, 8]
hours = "llllllllmmmpmpppppmmmmll"
light = 90.8
mid = 116.6
peak = 150.1

[[energy.seasons]]
months = [1, 2, 3, 4, 5, 9, 10, 11, 12]
mid = 95.6
"""


def read(folder: Path, text: str):  # type: ignore[no-untyped-def]
    file = folder / "factory.toml"
    file.write_text(text, encoding="utf-8")
    return read_factory_toml(file)


def test_a_tariff_is_read_and_written_back(tmp_path: Path) -> None:
    factory = read(tmp_path, TEXT)

    assert factory.energy is not None
    assert factory.energy.contract_kw == 500.0
    assert factory.energy.tariff is not None
    assert factory.energy.tariff.demand_charge == 7470.0
    assert [season.peak for season in factory.energy.tariff.seasons] == [150.1, 95.6]
    again = read(tmp_path, write_factory_toml(factory))
    assert again.energy == factory.energy


def test_a_contract_alone_keeps_the_public_tariff(tmp_path: Path) -> None:
    factory = read(tmp_path, "[energy]\ncontract_kw = 300.0\n")

    assert factory.energy is not None
    assert factory.energy.tariff is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT.replace("[6, 7, 8]", "[6, 7]"), "must hold 1 to 12"),
        ("[energy]\ndemand_charge = 8320.0\n", "needs [[energy.seasons]]"),
        ("[energy]\ncontract_kw = -1.0\n", "contract_kw"),
        (TEXT.replace("llllllll", "lllllllx"), "hours"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)

    assert expected in refused.value.in_language("en")
