"""OPC UA, the language of newer machines; page: docs/protocols/opcua.md."""

from jasang.connect.protocols.opcua.client import OpcUa
from jasang.connect.protocols.opcua.options import OpcUaOptions

__all__ = ["OpcUa", "OpcUaOptions"]
