"""The finding rules, one line each. A test compares this list with the folder `rules/`."""

from jasang.diagnose.rule import Rule
from jasang.diagnose.rules import (
    dead_channel,
    downtime,
    drift,
    driver,
    duplicate_rows,
    excess_spread,
    impossible_time,
    mean_shift,
    missing_data,
    off_centre,
    out_of_control,
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
    mean_shift.RULE,
    drift.RULE,
    out_of_control.RULE,
    off_centre.RULE,
    excess_spread.RULE,
    driver.RULE,
    downtime.RULE,
)
