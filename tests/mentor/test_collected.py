"""What a store tells of its collecting becomes findings: readings given up, clocks that are apart."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jasang.mentor.diagnose import diagnose
from jasang.plant.reading import Reading, Signal
from jasang.store import open_store

START = datetime(2026, 3, 1, tzinfo=UTC)


def keep(folder: Path, *, lag: float = 0.2, told: tuple[Reading, ...] = ()) -> Path:
    """400 minutes of a machine whose readings arrive `lag` s after their source time."""
    store = open_store(folder)
    store.describe([Signal(name="INJ-01.temp", asset="INJ-01", unit="°C")])
    store.describe([Signal(name=one.signal, asset="jasang") for one in told])
    store.append(
        [
            Reading(
                signal="INJ-01.temp",
                source_time=START + timedelta(seconds=30 * place),
                receive_time=START + timedelta(seconds=30 * place + lag),
                value=200 + place * 7919 % 13 / 10,
            )
            for place in range(800)
        ]
    )
    store.append(told)
    store.close()
    return folder


def own(signal: str, value: float | str) -> Reading:
    return Reading(signal=f"jasang.collector.{signal}", source_time=START, receive_time=START, value=value)


def test_quiet_collecting_says_nothing(tmp_path: Path) -> None:
    store = keep(tmp_path / "store", told=(own("line-3.clock_offset", 0.4),))

    assert [one.rule for one in diagnose(store).findings] == []


def test_readings_given_up_are_told_with_number_span_and_reason(tmp_path: Path) -> None:
    told = {
        "readings": 41_200,
        "from": "2026-03-01T02:10:00+00:00",
        "to": "2026-03-01T07:45:00+00:00",
        "reason": "disk",
    }
    store = keep(tmp_path / "store", told=(own("line-3.dropped", json.dumps(told)),))

    (finding,) = diagnose(store).findings

    assert (finding.rule, finding.severity.value, finding.evidence[0].value) == ("collection_gap", "act", 41_200.0)
    assert finding.text.en.startswith(
        "The collector's disk was full: 41,200 readings dropped between 2026-03-01 11:10 and 2026-03-01 16:45 (collector line-3)."
    )
    assert finding.text.ko.startswith(
        "수집 PC의 디스크가 가득 차서 2026-03-01 11:10부터 2026-03-01 16:45 사이의 값 41,200개를"
    )


def test_machine_clock_that_is_ahead_is_told(tmp_path: Path) -> None:
    (finding,) = diagnose(keep(tmp_path / "store", lag=-3600.0)).findings

    assert (finding.rule, finding.subject.asset, finding.evidence[0].value) == ("clock_skew", "INJ-01", 3600.0)
    assert finding.text.en.startswith(
        "The clock of machine INJ-01 is 60.0 minutes ahead of the clock of the collector."
    )


def test_collector_clock_that_is_behind_is_told(tmp_path: Path) -> None:
    (finding,) = diagnose(keep(tmp_path / "store", told=(own("line-3.clock_offset", 75.0),))).findings

    assert (finding.rule, finding.evidence[0].value) == ("clock_skew", -75.0)
    assert finding.text.en.startswith("The clock of collector line-3 is 75.0 s behind the clock of the server.")
