"""MTConnect agents, through which machine tools are read; page: docs/protocols/mtconnect.md."""

from jasang.connect.protocols.mtconnect.client import MtConnect
from jasang.connect.protocols.mtconnect.options import MtConnectOptions

__all__ = ["MtConnect", "MtConnectOptions"]
