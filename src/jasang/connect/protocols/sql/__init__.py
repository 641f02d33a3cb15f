"""SQL databases, where most manufacturing execution systems keep what they know; page: docs/protocols/sql.md."""

from jasang.connect.protocols.sql.client import Sql
from jasang.connect.protocols.sql.options import SqlOptions

__all__ = ["Sql", "SqlOptions"]
