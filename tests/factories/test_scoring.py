"""The judge itself: strict about the column, the machine and the rule."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.factories.made import MadeFactory, Planted
from tests.factories.scoring import judge

from jasang.diagnose.finding import Action, Cause, Evidence, Finding, Severity, Subject
from jasang.plant.text import Text

WORD = Text(ko="말", en="word")


def finding(
    rule: str,
    column: str | None,
    asset: str | None = None,
    causes: tuple[str, ...] = (),
    severity: Severity = Severity.ACT,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        subject=Subject(table="units.csv", column=column, asset=asset),
        text=WORD,
        action=Action(text=WORD, owner="operator"),
        evidence=(Evidence(name="n", label=WORD, value=1.0),),
        causes=tuple(Cause(column=cause) for cause in causes),
        since=datetime(2025, 1, 6, tzinfo=UTC),
    )


def factory(*planted: Planted) -> MadeFactory:
    span = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 11, tzinfo=UTC))
    return MadeFactory(folder=Path("x"), seed=1, process="press", rows=10, span=span, planted=planted)


SHIFT = Planted(
    rule="mean_shift",
    kind="step",
    table="units.csv",
    size=3,
    size_unit="sd",
    column="temp",
    asset="A",
    since=datetime(2025, 1, 5, tzinfo=UTC),
)
DRIVER = Planted(
    rule="driver", kind="linear", table="units.csv", size=3, size_unit="odds", column="temp", outcome="result"
)


@pytest.mark.parametrize(
    ("found", "hit", "false"),
    [
        (finding("mean_shift", "temp", "A"), True, 0),
        (finding("mean_shift", "temp"), True, 0),
        (
            finding("mean_shift", "temp", "B"),
            False,
            0,
        ),  # the right column, told of another machine: no hit, no invention
        (finding("drift", "temp", "A"), False, 0),
        (finding("mean_shift", "pressure", "A"), False, 1),
        (finding("driver", "result", causes=("pressure",)), False, 1),
    ],
)
def test_a_shift_is_found_only_by_its_rule_column_and_machine(found: Finding, hit: bool, false: int) -> None:
    score = judge(factory(SHIFT), [found])

    assert (score.hits[0] is not None, len(score.false_act)) == (hit, false)


@pytest.mark.parametrize(
    ("causes", "hit", "first"),
    [(("temp",), True, True), (("pressure", "temp"), True, False), (("pressure",), False, False), ((), False, False)],
)
def test_a_driver_is_found_by_its_cause(causes: tuple[str, ...], hit: bool, first: bool) -> None:
    score = judge(factory(DRIVER), [finding("driver", "result", causes=causes)])

    assert (score.hits[0] is not None, score.first_cause[0]) == (hit, first)


def test_onset_error_is_a_share_of_the_record() -> None:
    score = judge(factory(SHIFT), [finding("mean_shift", "temp", "A")])

    assert score.onset_error(0) == pytest.approx(0.1)


def test_every_act_in_a_healthy_factory_is_false_and_notes_are_not() -> None:
    loudness = {"temp": Severity.ACT, "pressure": Severity.WATCH, "speed": Severity.NOTE}
    findings = [finding("drift", column, severity=severity) for column, severity in loudness.items()]

    score = judge(factory(), findings)

    assert (len(score.false_act), len(score.false_watch)) == (1, 1)
