"""The finding rules, one line each. A test compares this list with the folder `rules/`."""

from jasang.diagnose.rule import Rule
from jasang.diagnose.rules import (
    dead_channel,
    driver,
    duplicate_rows,
    impossible_time,
    missing_data,
    sentinel_value,
    stuck_sensor,
    unit_flip,
)

RULES: tuple[Rule, ...] = (
    duplicate_rows.RULE,
    impossible_time.RULE,
    missing_data.RULE,
    sentinel_value.RULE,
    unit_flip.RULE,
    stuck_sensor.RULE,
    dead_channel.RULE,
    driver.RULE,
)
