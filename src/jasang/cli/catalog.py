"""The commands, one line each, in the order of the help page."""

from jasang.cli import collect, demo, diagnose, inspect, simulate

COMMANDS = (diagnose, inspect, collect, simulate, demo)
