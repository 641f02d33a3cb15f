"""After the action: the finding is found again, its effect measured, and the verdict is the right one."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.cli.main import main
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.identity import Seen, compare, fingerprint, names_of, table_stem
from jasang.errors import JasangError, WrongArguments
from jasang.mentor.diagnose import diagnose
from jasang.mentor.verify import Metric, verify
from jasang.plant.text import Text

WORDS = Text(ko="시험", en="test")
START = np.datetime64("2026-02-02T08:00", "s")
TROUBLE, ACTION = 25, 50  # days
DONE = date(2026, 3, 24)


def shop(folder: Path, days: int, *, mended: int = ACTION, lost: int = 10_000, file: str = "units.csv") -> Path:
    """Two machines, 120 units a day; INJ-01 makes 6 % more defects from day 25 until mended, and again once that is lost."""
    rng = np.random.default_rng(4)
    per_day = 120
    day = np.repeat(np.arange(days), per_day)
    time = START + (day * 86_400 + np.tile(np.arange(per_day) * 240, days)).astype("timedelta64[s]")
    machine = np.where(np.arange(time.size) % 2 == 0, "INJ-01", "INJ-02")
    bad = (day >= TROUBLE) & ((day < mended) | (day >= lost)) & (machine == "INJ-01")
    pl.DataFrame(
        {
            "time": [str(moment).replace("T", " ") for moment in time],
            "machine": machine,
            "mold_temp": np.where(bad, 57.0, 62.0) + rng.normal(0.0, 1.0, time.size).round(2),
            "verdict": np.where(rng.random(time.size) < 0.015 + 0.06 * bad, "NG", "OK"),
        }
    ).write_csv(folder / file)
    return folder / file


def only(result: object) -> object:
    (study,) = result.studies
    return study


def test_finding_of_the_time_before_is_confirmed_after_the_action(tmp_path: Path) -> None:
    study = only(verify(shop(tmp_path, 75), done=DONE, finding="mold_temp"))

    assert study.answer.en.startswith("It helped. The mean of mold_temp rose by ")
    effect = study.evidence[0]
    assert effect.name == "effect"
    assert 0 < effect.low <= effect.value <= effect.high
    (chart,) = study.charts
    assert [line.look for line in chart.lines] == ["points", "band", "line"]
    assert chart.marks[0].look == "event"


def test_metric_without_a_finding_is_measured_beside_the_other_machine(tmp_path: Path) -> None:
    metric = Metric(name="defect_rate", asset="INJ-01", expected=-0.06)

    study = only(verify(shop(tmp_path, 75), done=DONE, metric=metric, days=14))

    found = {item.name: item for item in study.evidence}
    assert found["effect"].high < 0.0
    assert found["controls"].value == 1.0
    assert "INJ-02" in study.notes[0].en


def test_action_that_changed_nothing_is_not_seen(tmp_path: Path) -> None:
    path = shop(tmp_path, 75, mended=10_000)

    study = only(verify(path, done=DONE, metric=Metric(name="defect_rate", asset="INJ-01"), days=14))

    assert study.answer.en.startswith("No effect is seen")


def test_it_is_too_early_after_a_few_days(tmp_path: Path) -> None:
    study = only(verify(shop(tmp_path, 55), done=DONE, metric=Metric(name="defect_rate", asset="INJ-01"), days=21))

    assert study.answer.ko.startswith("아직 이릅니다. 조치 뒤 4일이 지났고")


@pytest.mark.parametrize(("lost", "ending"), [(10_000, "it still holds."), (105, "the action is still kept to.")])
def test_after_ninety_days_it_is_told_whether_it_lasts(lost: int, ending: str, tmp_path: Path) -> None:
    path = shop(tmp_path, 150, lost=lost)

    study = only(verify(path, done=DONE, finding="mold_temp"))

    assert study.answer.en.endswith(ending)


def test_unknown_finding_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(WrongArguments, match="mean_shift-"):
        verify(shop(tmp_path, 75), done=DONE, finding="nothing_like_it")


def test_too_little_data_is_said(tmp_path: Path) -> None:
    with pytest.raises(JasangError, match="at least 10 days before"):
        verify(shop(tmp_path, 40), done=date(2026, 2, 4), metric=Metric(name="defect_rate"))


def test_command_prints_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shop(tmp_path, 75)

    status = main(
        ["verify", str(path), "--metric", "defect_rate", "--asset", "INJ-01", "--done", "2026-03-24", "--json"]
    )

    document = json.loads(capsys.readouterr().out)
    assert status == 0
    assert document["studies"][0]["kind"] == "effect"


def test_ids_stay_the_same_as_the_record_grows(tmp_path: Path) -> None:
    first = diagnose(shop(tmp_path, 45, file="units_2026-03.csv")).to_json()["findings"]
    later = diagnose(shop(tmp_path, 50, file="units_2026-04.csv")).to_json()["findings"]

    assert first
    assert {one["id"] for one in first} <= {one["id"] for one in later}


def finding(since: datetime | None, *, column: str = "pressure", rule: str = "mean_shift") -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ACT,
        subject=Subject(table="units.csv", column=column),
        text=WORDS,
        action=Action(text=WORDS, owner="engineer"),
        evidence=(Evidence(name="rows", label=WORDS, value=1.0),),
        since=since,
    )


def test_two_onsets_of_the_same_are_numbered_in_order_of_time() -> None:
    early, late = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    mark = fingerprint(finding(early))

    assert names_of([finding(late), finding(early)]) == (f"{mark}-2", mark)
    assert mark != fingerprint(finding(early, column="speed"))
    assert mark != fingerprint(finding(early, rule="drift"))


def test_comparison_tells_new_still_and_gone() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    before = [Seen(name="a", fingerprint="a", since=day), Seen(name="b", fingerprint="b", since=None)]
    now = [
        Seen(name="a", fingerprint="a", since=day + timedelta(days=2)),  # the estimate of the onset moved a little
        Seen(name="a-2", fingerprint="a", since=day + timedelta(days=40)),  # it came again
        Seen(name="c", fingerprint="c", since=day),
    ]

    found = compare(before, now, at=day + timedelta(days=60))

    assert found.still == {"a": "a"}
    assert (found.new, found.gone) == (("a-2", "c"), ("b",))


def test_table_keeps_its_name_from_month_to_month() -> None:
    assert table_stem("생산실적_2026-03.xlsx") == table_stem("생산실적_2026-04 (1).xlsx") == "생산실적"
    assert table_stem("2026.csv") == "2026"
