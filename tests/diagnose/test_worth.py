"""What an `act` finding is worth: always told, with a basis that names every assumption, and true on planted problems."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, minutes, table_data
from tests.factories.generator import make_factory

from jasang.diagnose.catalog import RULES
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.metric_course import metric_course
from jasang.diagnose.prices import defect_price, machine_hour_price
from jasang.diagnose.waiting import with_waiting_time
from jasang.diagnose.worth import with_worth
from jasang.mentor.diagnose import diagnose
from jasang.plant.factory import Costs, Role
from jasang.plant.text import Text

WORDS = Text(ko="시험", en="test")


def shop(rise: float = 0.0, *, days: int = 40, seed: int = 3, **factory: object) -> tuple[object, datetime]:
    """Units of two machines, one a minute for eight hours a day; the defect rate of A rises after 60 % of the days."""
    rng = np.random.default_rng(seed)
    per_day = 240
    start = minutes(1, start="2026-03-02T00:00")[0]
    day = np.repeat(np.arange(days), per_day)
    time = start + (day * 1440 + np.tile(np.arange(per_day) * 2, days)).astype("timedelta64[m]").astype(
        "timedelta64[us]"
    )
    machine = np.where(np.arange(time.size) % 2 == 0, "A", "B")
    onset = int(0.6 * days)
    rate = 0.02 + np.where((machine == "A") & (day >= onset), rise, 0.0)
    frame = pl.DataFrame(
        {
            "time": time,
            "machine": machine,
            "pressure": rng.normal(100.0, 1.0, time.size),
            "verdict": np.where(rng.random(time.size) < rate, "NG", "OK"),
        }
    )
    roles = {"time": Role.TIME, "machine": Role.ASSET, "verdict": Role.DEFECT}
    data = table_data(frame, roles, time="time", asset_column="machine", bad_values=("ng",))
    since = (start + np.timedelta64(onset, "D")).item().replace(tzinfo=UTC)
    return evidence(data, **factory), since


def finding(rule: str, since: datetime | None = None, **parts: object) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ACT,
        subject=Subject(table="units.csv", column="pressure", asset="A"),
        text=WORDS,
        action=Action(text=WORDS, owner="engineer"),
        evidence=(Evidence(name="rows", label=WORDS, value=1.0),),
        since=since,
        **parts,
    )


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_act_finding_of_every_rule_gets_a_worth_with_interval_and_basis(rule: str) -> None:
    base, since = shop()

    worth = with_worth(base, finding(rule, since)).worth

    assert worth is not None
    assert 0.0 < worth.low <= worth.amount <= worth.high
    assert (worth.currency, worth.per) == ("KRW", "year")
    assert "2026-11 가정" in worth.basis.ko
    assert "assumed 2026-11" in worth.basis.en


@pytest.mark.parametrize("seed", [706, 707, 716, 721])
def test_no_act_finding_of_a_planted_factory_lacks_worth(seed: int, tmp_path: Path) -> None:
    found = diagnose(make_factory(seed, tmp_path).folder).findings

    assert [one.rule for one in found if one.severity is Severity.ACT and one.worth is None] == []


def test_stated_costs_are_used_as_they_are() -> None:
    base, _ = shop(costs=Costs(defect=1_200.0, machine_hour=45_000.0))

    price = defect_price(base, base.tables[0])

    assert (price.amount, price.low, price.high) == (1_200.0, 1_200.0, 1_200.0)
    assert price.words.ko == "불량 1개 1,200 KRW"
    assert machine_hour_price(base).words.en == "45,000 KRW per machine hour"


def test_assumed_cost_of_a_defect_is_twice_its_machine_time() -> None:
    base, _ = shop(costs=Costs(machine_hour=36_000.0))

    price = defect_price(base, base.tables[0])

    assert price.amount == pytest.approx(2 * 240 / 3_600 * 36_000)  # each machine makes a unit in 240 s
    assert (price.low, price.high) == (0.5 * price.amount, 2.0 * price.amount)


def test_worth_without_won_is_told_in_hours() -> None:
    base, since = shop(currency="USD")

    worth = with_worth(base, finding("mean_shift", since)).worth

    assert worth is not None
    assert (worth.amount, worth.low, worth.high, worth.currency) == (4.0, 1.0, 12.0, "h")


def test_defects_that_came_with_a_shift_are_its_worth() -> None:
    base, since = shop(0.05, costs=Costs(defect=1_000.0))

    worth = with_worth(base, finding("mean_shift", since)).worth

    assert worth is not None
    units = 120 * 365.25
    true = 0.05 * units * 1_000.0
    assert worth.low <= true <= worth.high
    assert worth.amount == pytest.approx(true, rel=0.3)


def test_interval_of_worth_holds_the_true_worth() -> None:
    true = 0.05 * 120 * 365.25 * 1_000.0
    held = 0
    for seed in range(60):
        base, since = shop(0.05, seed=seed, costs=Costs(defect=1_000.0))
        worth = with_worth(base, finding("drift", since)).worth
        held += worth is not None and worth.low <= true <= worth.high

    assert held >= 54  # 95 % less two standard errors


def test_watch_finding_without_worth_stays_as_it_is() -> None:
    base, since = shop()
    quiet = Finding(
        rule="mean_shift",
        severity=Severity.WATCH,
        subject=Subject(table="units.csv", column="pressure"),
        text=WORDS,
        action=Action(text=WORDS, owner="engineer"),
        evidence=(Evidence(name="rows", label=WORDS, value=1.0),),
        since=since,
    )

    assert with_worth(base, quiet) is quiet


def test_waiting_time_follows_the_size_of_the_expected_change() -> None:
    base, since = shop(0.03)
    days = []
    for expected in (-0.05, -0.014):
        one = finding("driver", since, check=Check(metric="defect_rate", expected=expected, days=14))
        told = with_waiting_time(base, one).check
        assert told is not None
        days.append(told.days)

    assert days[0] == 7
    assert 10 <= days[1] <= 120


def test_course_of_a_metric_has_days_counts_weekdays_and_other_machines() -> None:
    base, _ = shop(days=30)

    course = metric_course(base, Subject(table="units.csv", column="verdict", asset="A"), "defect_rate")

    assert course is not None
    assert course.values.size == 30
    assert set(course.counts.tolist()) == {120.0}
    assert course.control_names == ("B",)
    assert course.weekday is not None
    assert course.weekday[0] == 0  # 2 March 2026 was a Monday
