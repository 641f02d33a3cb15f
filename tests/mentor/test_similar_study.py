"""`jasang similar` asked of made files: the planted times are found, and what followed is counted from the log of stops."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.diagnose.study import Study
from jasang.errors import WrongArguments
from jasang.mentor.similar import similar_of
from jasang.mentor.study_json import result_json

START = datetime(2026, 3, 2, 0, 0)
PLANTED = (900, 2400, 3600)  # minutes at which the same two hours begin


def value(study: Study, name: str) -> float:
    return next(item.value for item in study.evidence if item.name == name)


def line(folder: Path, *, planted: bool = True, log: bool = True) -> None:
    """Three signals for four days; the last two hours came three times before, each time with a stop 40 minutes later."""
    rng = np.random.default_rng(3)
    rows = 5760
    values = np.asarray(lfilter([1.0], [1.0, -0.95], rng.normal(size=(rows, 3)), axis=0))
    if planted:
        for place in PLANTED:
            values[place : place + 120] = values[-120:] + 0.3 * rng.normal(size=(120, 3))
    lines = ["time,pressure,flow,vibration"]
    for row in range(rows):
        a, b, c = values[row]
        lines.append(f"{START + timedelta(minutes=row)},{100 + a:.3f},{50 + b:.3f},{5 + 0.1 * c:.4f}")
    (folder / "signals.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if not log:
        return
    states = ["start,end,state"]
    at = START
    for place in PLANTED:
        stop = START + timedelta(minutes=place + 160)
        states += [f"{at},{stop},running", f"{stop},{stop + timedelta(minutes=15)},down"]
        at = stop + timedelta(minutes=15)
    states.append(f"{at},{START + timedelta(minutes=rows)},running")
    (folder / "states.csv").write_text("\n".join(states) + "\n", encoding="utf-8")


def test_planted_times_are_found_and_their_stops_counted(tmp_path: Path) -> None:
    line(tmp_path)

    (study,) = similar_of(tmp_path, hours=2.0).studies

    found = {str(row[0]) for row in study.tables[0].rows[:3]}
    assert found == {f"{START + timedelta(minutes=place):%Y-%m-%d %H:%M}" for place in PLANTED}
    assert value(study, "chance") == 0.01
    assert value(study, "matches") == 3
    assert value(study, "usually_followed") < 0.1
    assert value(study, "followed") == 3 / 5  # the other two of the five nearest are chance, and none came after them
    assert [row[5].en for row in study.tables[0].rows[:3]] == ["a stop after 41 min"] * 3  # type: ignore[union-attr]
    assert study.actions
    assert json.loads(json.dumps(result_json(similar_of(tmp_path, hours=2.0))))


def test_a_moment_of_the_past_is_compared_with_the_whole_record(tmp_path: Path) -> None:
    line(tmp_path, log=False)
    end = START + timedelta(minutes=PLANTED[0] + 119)

    (study,) = similar_of(tmp_path, at=end.isoformat(), hours=2.0).studies

    starts = {str(row[0]) for row in study.tables[0].rows[:3]}
    assert f"{START + timedelta(minutes=PLANTED[2]):%Y-%m-%d %H:%M}" in starts
    assert f"{START + timedelta(minutes=5640):%Y-%m-%d %H:%M}" in starts


def test_a_record_that_never_was_like_this_is_told_so(tmp_path: Path) -> None:
    line(tmp_path, planted=False, log=False)

    (study,) = similar_of(tmp_path, hours=2.0).studies

    assert study.answer.en.startswith("Nothing in the record is plainly like")
    assert study.actions == ()


def test_real_shots_are_searched_too(real_data: Callable[[str], Path]) -> None:
    (study,) = similar_of(real_data("kamp_diecasting")).studies

    assert len(study.tables[0].rows) == 5


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"hours": -1.0}, "expected more than 0"),
        ({"hours": 90.0}, "a third of the record"),
        ({"at": "yesterday"}, "no moment"),
        ({"at": "2030-01-01"}, "outside the record"),
    ],
)
def test_what_was_asked_wrongly_is_said(tmp_path: Path, asked: dict[str, float | str], words: str) -> None:
    line(tmp_path, log=False)

    with pytest.raises(WrongArguments, match=words):
        similar_of(tmp_path, **asked)  # type: ignore[arg-type]
