"""InfluxDB line protocol: the text that Telegraf and the clients of InfluxDB write, as rows of readings.

`parse_lines` is pure: bytes in, Arrow columns out. Bodies of few shapes go through Arrow's CSV reader; every line that is
not plain goes through the exact reader of `line.py`, which the fast way must equal.
"""

from jasang.connect.line_protocol.naming import SignalNames
from jasang.connect.line_protocol.parse import BadLine, Parsed, parse_lines
from jasang.connect.line_protocol.precision import PRECISIONS

__all__ = ["PRECISIONS", "BadLine", "Parsed", "SignalNames", "parse_lines"]
