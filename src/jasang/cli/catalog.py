"""The commands, one line each, in the order of the help page."""

from jasang.cli import diagnose

COMMANDS = (diagnose,)
