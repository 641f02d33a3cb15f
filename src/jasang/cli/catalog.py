"""The commands, one line each, in the order of the help page. Each is the module of that name in this folder.

Only the command that is called is imported: a second of numerical libraries is not spent on showing a version.
"""

from importlib import import_module
from types import ModuleType

COMMANDS = (
    "diagnose",
    "fleet",
    "inspect",
    "chart",
    "capability",
    "gauge",
    "pareto",
    "energy",
    "verify",
    "causes",
    "recommend",
    "losses",
    "warn",
    "life",
    "monitor",
    "batches",
    "similar",
    "campaign",
    "experiment",
    "assign",
    "meet",
    "level",
    "schedule",
    "connect",
    "collect",
    "write",
    "store",
    "receive",
    "mcp",
    "simulate",
    "demo",
)


def command_module(name: str) -> ModuleType:
    """The module with `add(commands)` and `run(arguments, language)` of that command."""
    return import_module(f"jasang.cli.{name}")
