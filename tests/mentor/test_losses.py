"""`jasang losses` asked of made and real folders: the numbers must be those of the truth, what is missing must be said."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.diagnose.study import Study
from jasang.errors import WrongArguments
from jasang.mentor.losses import day_of, losses_of
from jasang.mentor.study_json import result_json


def value(study: Study, name: str) -> float:
    return next(item.value for item in study.evidence if item.name == name)


def shop(folder: Path, *, days: int = 5, calendar: bool = True, verdict: bool = True, states: bool = False) -> None:
    """One press, five days 08:00-17:00 with lunch: 30 s cycles stated as 28.5 s, one stop of 30 min a day, 2 % bad."""
    rows = ["time,machine,product,result"[: None if verdict else -7]]
    log = ["start,end,machine,state"]
    for day in range(9, 9 + days):
        if day % 7 in (0, 1):  # 14 and 15 March 2026 are a weekend
            continue
        stop = 13 * 3600 + 1800 * (1 + day % 5)  # at another time every day
        stamps = [(8 * 3600, 12 * 3600), (13 * 3600, stop), (stop + 1800, 17 * 3600)]
        for begin, end in stamps:
            for moment in range(begin + 30, end + 1, 30):
                clock = f"2026-03-{day:02d} {moment // 3600:02d}:{moment // 60 % 60:02d}:{moment % 60:02d}"
                bad = ",NG" if moment % 1500 == 0 else ",OK"
                rows.append(f"{clock},P1,A-1{bad if verdict else ''}")
            log.append(f"2026-03-{day:02d} {_hm(begin)},2026-03-{day:02d} {_hm(end)},P1,running")
        log.append(f"2026-03-{day:02d} {_hm(stop)},2026-03-{day:02d} {_hm(stop + 1800)},P1,down")
    (folder / "units.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    if states:
        (folder / "states.csv").write_text("\n".join(log) + "\n", encoding="utf-8")
    text = '[factory]\nname = "시험"\n[products."A-1"]\nideal_cycle_s = 28.5\n'
    text += '[[tables]]\nfile = "units.csv"\nkind = "units"\n'
    if calendar:
        text += '[calendar]\n[[calendar.shifts]]\nstart = "08:00"\nend = "17:00"\nbreaks = ["12:00-13:00"]\n'
    (folder / "factory.toml").write_text(text, encoding="utf-8")


def _hm(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:00"


@pytest.mark.parametrize("states", [False, True])
def test_oee_of_a_made_shop_is_the_truth(tmp_path: Path, states: bool) -> None:
    shop(tmp_path, states=states)

    study = losses_of(tmp_path).studies[0]

    # 8 h planned, 30 min down; 900 pieces of 28.5 s a day in 7.5 h; 18 of 900 bad
    assert value(study, "planned") == pytest.approx(40.0, abs=0.02)
    assert value(study, "availability") == pytest.approx(100 * 7.5 / 8, abs=0.3)
    assert value(study, "performance") == pytest.approx(95.0, abs=0.5)
    assert value(study, "quality") == pytest.approx(98.0, abs=0.2)
    assert value(study, "oee") == pytest.approx(100 * 900 * 28.5 / 28800 * 0.98, abs=0.3)
    assert value(study, "mttr") == pytest.approx(30, abs=0.6)


def test_without_a_verdict_the_oee_is_partial_and_says_so(tmp_path: Path) -> None:
    shop(tmp_path, verdict=False)

    study = losses_of(tmp_path).studies[0]

    assert "quality" not in {item.name for item in study.evidence}
    assert "The true OEE cannot be higher." in study.answer.en
    assert "실제 OEE는 이 값보다 높을 수 없습니다." in study.answer.ko


def test_without_a_calendar_the_usual_hours_count_and_lunch_is_seen(tmp_path: Path) -> None:
    shop(tmp_path, calendar=False, days=19)

    study = losses_of(tmp_path).studies[0]

    assert value(study, "planned") == pytest.approx(15 * 8.0, abs=2.0)
    assert any("12:00" in note.en and "planned break" in note.en for note in study.notes)


def test_days_cut_the_record(tmp_path: Path) -> None:
    shop(tmp_path)

    study = losses_of(tmp_path, first=day_of("2026-03-10"), last=day_of("2026-03-11")).studies[0]

    assert value(study, "planned") == pytest.approx(16.0, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"asset": "P9"}, "There is no machine 'P9'. Machines there are: P1"),
        ({"first": "2026-03-12", "last": "2026-03-10"}, "--from 2026-03-12 is later than --to 2026-03-10."),
        ({"first": "2027-01-01"}, "No data from 2027-01-01 to the end; the data run from 2026-03-09 to 2026-03-13."),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, options: dict[str, str], message: str) -> None:
    shop(tmp_path)
    days = {key: day_of(text) for key, text in options.items() if key != "asset"}

    with pytest.raises(WrongArguments) as refused:
        losses_of(tmp_path, asset=options.get("asset"), **days)  # type: ignore[arg-type]

    assert str(refused.value) == message


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(WrongArguments, match="'gestern' is no day; expected for example 2026-03-09"):
        day_of("gestern")


def test_counts_and_states_of_a_real_plant(real_data: Callable[[str], Path]) -> None:
    result = losses_of(real_data("sme_machine_states") / "company_A_part1.csv.gz")

    studies = {study.subject.asset: study for study in result.studies if study.kind == "losses"}
    assert {asset: round(value(study, "availability"), 1) for asset, study in studies.items()} == {
        "0": 97.9,
        "1": 49.0,
        "2": 56.5,
    }
    assert all("quality" not in {item.name for item in study.evidence} for study in studies.values())
    assert result.studies[-1].kind == "bottleneck"


def test_moulds_without_a_machine_and_breaks_nobody_wrote_down(real_data: Callable[[str], Path]) -> None:
    study = next(
        study
        for study in losses_of(next(real_data("kamp_diecasting").glob("*.gz"))).studies
        if study.subject.product == "CODE_8722"
    )

    assert value(study, "quality") == pytest.approx(100 * (1 - 1077 / 20026), abs=0.1)
    notes = " ".join(note.en for note in study.notes)
    assert "about 07:00" in notes
    assert "about 19:00" in notes


def test_operations_of_a_real_job_shop_name_the_bottleneck(real_data: Callable[[str], Path]) -> None:
    result = losses_of(real_data("production_event_log") / "production_event_log.csv.gz")

    assert result.studies[0].answer.en.startswith("Turning & Milling is the bottleneck for 75 % of the time")


def test_the_answer_is_json(tmp_path: Path) -> None:
    shop(tmp_path)

    made = json.dumps(result_json(losses_of(tmp_path)), ensure_ascii=False, allow_nan=False)

    assert np.isfinite(len(made))
    assert '"waterfall"' in made
