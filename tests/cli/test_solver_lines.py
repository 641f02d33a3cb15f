"""What a solver's library prints by itself stays out of what a command prints."""

import subprocess
import sys

SCRIPT = """
import ctypes, sys
from jasang.cli.arguments import solver_lines_aside
libc = ctypes.CDLL(None)
with solver_lines_aside():
    libc.puts(b"a line of the solver")
sys.stdout.write("{}\\n")
"""


def test_lines_of_a_native_library_do_not_reach_the_output() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    assert ran.stdout == "{}\n"
