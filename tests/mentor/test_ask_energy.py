"""`jasang energy` on a real plant and on data without energy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jasang.errors import WrongArguments
from jasang.mentor.energy import energy_of


def test_energy_of_a_real_steel_plant(real_data: Callable[[str], Path]) -> None:
    studies = energy_of(real_data("steel_industry_energy")).studies

    assert [study.kind for study in studies] == ["energy", "energy_bill"]
    figures = {item.name: item.value for study in studies for item in study.evidence}
    assert figures["energy"] == pytest.approx(959_636.9, abs=0.5)
    assert figures["peak_demand"] == pytest.approx(4 * 157.18, abs=0.01)
    assert figures["power_factor"] == pytest.approx(89.2, abs=0.1)
    assert 11.0 <= figures["base_load"] <= 13.0
    assert len(studies[1].tables[0].rows) == 12


def test_machines_that_wait_are_listed(real_data: Callable[[str], Path]) -> None:
    studies = energy_of(real_data("sme_machine_states")).studies

    assert "energy_idle" in [study.kind for study in studies]


def test_without_energy_it_says_what_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    lines = [f"2026-03-02 08:{minute:02d}:00,{200 + minute % 7}" for minute in range(60)]
    file.write_text("time,barrel_temp\n" + "\n".join(lines) + "\n", encoding="utf-8")

    with pytest.raises(WrongArguments, match="energy"):
        energy_of(file)
