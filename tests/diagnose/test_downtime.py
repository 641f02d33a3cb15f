"""The downtime rule on logs of states, sampled states and silences between shots."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, table_data

from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.finding import Finding, Severity
from jasang.diagnose.rules import downtime
from jasang.diagnose.stop_log import stop_log
from jasang.plant.factory import Costs, Kind, Role

MINUTE = np.timedelta64(60_000_000, "us")
REASONS = ("재료막힘", "로봇이상", "자재대기", "금형세척")


def log(
    seed: int,
    *,
    days: int = 40,
    machines: int = 3,
    jam: float = 0.0,
    since: int = 0,
    worn: float = 1.0,
    jammed: tuple[int, ...] = (2,),
) -> TableData:
    """Machines that run 16 h a day with ordinary stops (4 %); `jam` more of M2's time goes to 재료막힘 from day `since` on, and
    M2 stops `worn` times as often for every reason."""
    rng = np.random.default_rng(seed)
    rows = []
    for machine in range(1, machines + 1):
        for day in range(days):
            clock, end = 0.0, 960.0
            while clock < end:
                extra = jam if machine in jammed and day >= since else 0.0
                run = rng.exponential(240 / (1 + 24 * extra) / (worn if machine == 2 and day >= since else 1.0))
                stop = rng.lognormal(np.log(9), 0.6)
                reason = "재료막힘" if rng.random() < 24 * extra / (1 + 24 * extra) else str(rng.choice(REASONS))
                rows.append((machine, day, clock, min(end, clock + run), "가동", None))
                if clock + run < end:
                    rows.append((machine, day, clock + run, min(end, clock + run + stop), "고장", reason))
                clock += run + stop
            rows.append((machine, day, 960.0, 1440.0, "계획정지", None))
    midnight = np.datetime64("2026-03-01T21:00", "us")  # 06:00 in Seoul
    stamp = lambda day, minute: midnight + day * 1440 * MINUTE + np.timedelta64(int(minute * 60e6), "us")  # noqa: E731
    frame = pl.DataFrame(
        {
            "start": np.array([stamp(row[1], row[2]) for row in rows]),
            "end": np.array([stamp(row[1], row[3]) for row in rows]),
            "machine": [f"M{row[0]}" for row in rows],
            "state": [row[4] for row in rows],
            "reason": [row[5] for row in rows],
        }
    )
    return table_data(
        frame,
        {"start": Role.START, "end": Role.END, "machine": Role.ASSET, "state": Role.STATE, "reason": Role.REASON},
        kind=Kind.STATES, file="states.csv", start="start", end="end", asset_column="machine", state_column="state",
        reason_column="reason",
    )  # fmt: skip


def findings(data: TableData, **costs: float) -> list[Finding]:
    return list(downtime.RULE.check(evidence(data, costs=Costs(**costs))))


def test_planned_hours_and_losses_add_up() -> None:
    made = stop_log(log(1), "Asia/Seoul")

    assert made is not None
    assert made.planned.sum() == pytest.approx(3 * 40 * 16, rel=0.001)
    assert sorted(loss.name for loss in made.losses) == sorted(REASONS)
    assert 0.02 < made.lost.sum() / made.planned.sum() < 0.06


@pytest.mark.parametrize(("since", "against"), [(0, "sisters"), (20, "past")])
def test_a_machine_that_stops_more_for_every_reason_is_told_as_a_whole(since: int, against: str) -> None:
    (problem, ranking) = findings(log(4, worn=3.5, since=since), machine_hour=45000)

    assert (problem.severity, problem.subject.asset) == (Severity.ACT, "M2")
    assert (problem.since is None) == (against == "sisters")
    assert problem.causes == ()
    assert problem.text.ko.count("시간,") == 2  # the three largest reasons are named
    assert ranking.severity is Severity.NOTE


def test_a_reason_that_every_machine_has_is_told_once_for_the_plant() -> None:
    (problem, ranking) = findings(log(5, days=14, jam=0.12, jammed=(1, 2, 3)), machine_hour=45000)

    assert (problem.severity, problem.subject.asset) == (Severity.ACT, None)
    assert [cause.level for cause in problem.causes] == ["재료막힘"]
    assert problem.text.ko.startswith("설비를 모두 합쳐 '재료막힘' 정지로 계획 시간의 ")
    assert ranking.severity is Severity.NOTE


def test_ordinary_stops_are_only_ranked() -> None:
    (ranking,) = findings(log(2))

    assert ranking.severity is Severity.NOTE
    assert ranking.charts[0].lines[1].look == "cumulative"
    hours = [one.value for one in ranking.evidence if one.name.startswith("rank_")]
    assert hours == sorted(hours, reverse=True)


def test_reason_that_takes_much_on_one_machine_is_to_be_acted_on() -> None:
    problem, _ = findings(log(3, jam=0.15), machine_hour=45_000.0)

    assert (problem.severity, problem.subject.asset, problem.subject.column) == (Severity.ACT, "M2", "reason")
    assert problem.causes[0].level == "재료막힘"
    assert "재료막힘" in problem.text.ko
    assert problem.worth is not None
    assert problem.worth.low < problem.worth.amount < problem.worth.high


def test_rise_since_a_day_is_dated() -> None:
    rising = findings(log(4, jam=0.2, since=20))[0]

    assert rising.since is not None
    assert abs((rising.since - datetime(2026, 3, 21, 21, tzinfo=UTC)).total_seconds()) <= 2 * 86400


def test_no_act_in_quiet_logs_and_planted_ones_are_found() -> None:
    """100 quiet logs and 40 with 12 % of one machine's time in one reason."""
    quiet = sum(any(f.severity is not Severity.NOTE for f in findings(log(seed, days=20))) for seed in range(100))
    hits = sum(
        any(f.severity is Severity.ACT and f.subject.asset == "M2" for f in findings(log(seed, days=20, jam=0.12)))
        for seed in range(40)
    )

    assert quiet <= 5
    assert hits >= 36


def test_bad_rows_of_a_log_are_told_not_fatal() -> None:
    data = log(5)
    frame = data.source.read(["start", "end", "machine", "state", "reason"])
    broken = frame.with_columns(
        end=pl.when(pl.int_range(pl.len()) % 50 == 0)
        .then(pl.col("start") - pl.duration(hours=2))
        .otherwise(pl.col("end"))
    )
    roles = {"start": Role.START, "end": Role.END, "machine": Role.ASSET, "state": Role.STATE, "reason": Role.REASON}

    found = findings(
        table_data(broken, roles, kind=Kind.STATES, start="start", end="end", asset_column="machine", state_column="state",
                   reason_column="reason")
    )  # fmt: skip

    assert "end before they start" in found[-1].text.en


def test_log_of_stops_alone_with_durations_is_read() -> None:
    start = np.datetime64("2026-03-02T00:00", "us") + np.arange(200) * 120 * MINUTE
    frame = pl.DataFrame({"start": start, "정지시간(분)": np.full(200, 12.0), "state": ["고장"] * 200})

    (ranking,) = findings(
        table_data(
            frame, {"start": Role.START, "state": Role.STATE}, kind=Kind.STATES, start="start", state_column="state"
        )
    )

    assert ranking.evidence[0].value == pytest.approx(40.0)


def test_silence_between_shots_in_working_hours_is_ranked() -> None:
    rng = np.random.default_rng(0)
    time = np.datetime64("2026-03-02T00:00", "us") + np.arange(0, 28 * 1440) * MINUTE
    minute = (time - time.astype("datetime64[D]")) // MINUTE
    working = (minute < 600) & ((time.astype("datetime64[D]").astype(int) + 3) % 7 < 5)
    # Two hours on each of the 20 days, at another time each day of the week.
    lost = (minute // 120) == (time.astype("datetime64[D]").astype(int) % 5)
    time = time[working & ~lost]
    frame = pl.DataFrame({"time": time, "temp": rng.normal(200, 1, time.size)})

    (ranking,) = findings(table_data(frame, {"time": Role.TIME}, time="time"))

    assert ranking.severity is Severity.NOTE
    assert 20 < ranking.evidence[0].value < 40  # of 40 h lost; those at the ends of a day look like a short day
