"""The finding rules, one line each. A test compares this list with the folder `rules/`."""

from jasang.diagnose.rule import Rule

RULES: tuple[Rule, ...] = ()
