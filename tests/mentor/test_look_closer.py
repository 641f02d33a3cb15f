"""A finding leads to the questions that its column and its rule make sense for, and to no others."""

import pytest

from jasang.diagnose.catalog import RULES
from jasang.mentor.look_closer import MOST, closer_questions
from jasang.plant.factory import Kind, Role


def names(rule: str, table: Kind, role: Role | None) -> list[tuple[str, str | None]]:
    return [(one.kind.name, one.column) for one in closer_questions(rule=rule, table=table, role=role)]


@pytest.mark.parametrize(
    ("rule", "table", "role", "expected"),
    [
        (
            "off_centre",
            Kind.UNITS,
            Role.QUALITY,
            [("chart", "column"), ("capability", "column"), ("causes", "outcome")],
        ),
        ("mean_shift", Kind.SIGNALS, Role.SENSOR, [("monitor", None), ("chart", "column"), ("capability", "column")]),
        ("driver", Kind.UNITS, Role.DEFECT, [("causes", "outcome"), ("chart", "column"), ("pareto", "column")]),
        ("downtime", Kind.STATES, Role.REASON, [("losses", None), ("pareto", "column")]),
        ("minor_stops", Kind.UNITS, Role.TIME, [("losses", None)]),
        ("gauge", Kind.GAUGE, None, [("gauge", None)]),
        ("dead_channel", Kind.UNITS, Role.SENSOR, []),
        ("duplicate_rows", Kind.UNITS, None, []),
    ],
)
def test_a_finding_leads_to_what_fits(
    rule: str, table: Kind, role: Role | None, expected: list[tuple[str, str | None]]
) -> None:
    assert names(rule, table, role) == expected


def test_no_rule_leads_to_more_questions_than_fit_on_a_phone() -> None:
    every = [names(rule.name, kind, role) for rule in RULES for kind in Kind for role in (*Role, None)]

    assert max(map(len, every)) <= MOST
    assert all(len({name for name, _ in found}) == len(found) for found in every)
