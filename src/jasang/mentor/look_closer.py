"""Which questions look closer at a finding: those of the catalogue that its column and its rule make sense for."""

from collections.abc import Iterator
from dataclasses import dataclass

from jasang.mentor.study_catalog import STUDIES, Option, StudyKind
from jasang.plant.factory import Kind, Role

MOST = 4

# Questions about a whole table, and the rules whose findings lead to them.
_OF_A_TABLE: dict[str, frozenset[str]] = {
    "losses": frozenset({"downtime", "minor_stops", "slow_cycle", "changeover"}),
    "energy": frozenset({"idle_energy", "peak_demand", "energy_per_piece"}),
    "gauge": frozenset({"gauge"}),
    "monitor": frozenset({"monitor_alarm", "mean_shift", "drift", "out_of_control"}),
    "warn": frozenset({"early_warning"}),
    "causes": frozenset({"driver", "early_warning"}),
}
# Nothing is learnt from looking closer at a column that is not measured at all.
_BLIND = frozenset({"dead_channel", "duplicate_rows", "impossible_time", "missing_data"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Closer:
    """A question that fits, and the option that takes the finding's column (`None`: it asks about the whole table)."""

    kind: StudyKind
    column: str | None
    asset: bool  # whether it can be narrowed to one machine


def closer_questions(*, rule: str, table: Kind, role: Role | None) -> list[Closer]:
    """The questions for a finding of `rule` on a column with `role` (`None` = no column) of a table of kind `table`.

    Those that the rule itself leads to come first; at most `MOST`.
    """
    found = list(_fitting(rule, table, role))
    found.sort(key=lambda one: rule not in _OF_A_TABLE.get(one.kind.name, ()))
    return found[:MOST]


def _fitting(rule: str, table: Kind, role: Role | None) -> Iterator[Closer]:
    for kind in STUDIES:
        if table not in kind.tables:
            continue
        asset = any(option.name == "asset" for option in kind.options)
        option = _column_option(kind, role)
        led = rule in _OF_A_TABLE.get(kind.name, ())
        required = any(one.asks == "column" and one.required for one in kind.options)
        if option is not None and rule not in _BLIND and (required or led or kind.name == "causes"):
            yield Closer(kind=kind, column=option.name, asset=asset)
        elif led and not required:
            yield Closer(kind=kind, column=None, asset=asset)


def _column_option(kind: StudyKind, role: Role | None) -> Option | None:
    """The first option that takes a column of that role; never one that only divides (`by`)."""
    for option in kind.options:
        if option.asks == "column" and option.name != "by" and role is not None and role in option.roles:
            return option
    return None
