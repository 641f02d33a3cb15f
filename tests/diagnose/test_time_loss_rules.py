"""minor_stops, slow_cycle and changeover on made factories: planted ones are found, habits that look like losses are not."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.factories.generator import make_factory
from tests.factories.made import TIME_RULES
from tests.factories.scoring import Score, judge
from tests.factories.time_losses import TRAPS

from jasang.diagnose.finding import Finding
from jasang.diagnose.rules import changeover, minor_stops, slow_cycle
from jasang.mentor.asked_data import open_evidence


@cache
def told(seed: int, planted: tuple[str, ...], traps: tuple[str, ...]) -> Score:
    """A made factory judged by the three rules on losses of time."""
    with TemporaryDirectory() as folder:
        made = make_factory(seed, Path(folder), planted, traps)
        with open_evidence(made.folder) as evidence:
            findings: list[Finding] = [
                finding for rule in (minor_stops, slow_cycle, changeover) for finding in rule.RULE.check(evidence)
            ]
        return judge(made, findings)


# By clock: the first are written to the second, where a pause of a minute can be seen at all.
@pytest.mark.parametrize(
    ("rule", "seeds", "least"),
    [("minor_stops", (1, 3, 4, 5), 4), ("slow_cycle", (0, 3, 4, 5, 7), 4), ("changeover", (3, 4, 5, 6, 7), 4)],
)
def test_planted_losses_are_found_on_their_machine(rule: str, seeds: tuple[int, ...], least: int) -> None:
    judged = [told(seed, (rule,), ()) for seed in seeds]

    assert sum(all(hit is not None for hit in one.hits) for one in judged) >= least
    assert [finding.rule for one in judged for finding in one.false_act] == []


def test_healthy_habits_are_no_losses() -> None:
    judged = [told(seed, (), tuple(TRAPS)) for seed in (0, 1, 2, 4, 5)]

    assert [finding.rule for one in judged for finding in (*one.false_act, *one.false_watch)] == []


def test_a_loss_is_found_among_habits() -> None:
    judged = [told(seed, ("minor_stops",), ("product_pace", "tea_break")) for seed in (1, 4)]

    assert all(hit is not None for one in judged for hit in one.hits)


def test_every_loss_says_what_it_is_worth_and_when_to_check() -> None:
    found = [hit for seed in (1, 4) for hit in told(seed, ("minor_stops",), ()).hits if hit is not None]

    assert found
    assert all(one.rule in TIME_RULES for one in found)
    assert all(one.worth is not None and one.worth.low <= one.worth.amount <= one.worth.high for one in found)
    assert all(one.check is not None and one.check.days > 0 for one in found)
