"""OPC UA, the language of newer machines; page: docs/protocols/opcua.md."""

from jasang.connect.protocols.opcua.client import OpcUa, OpcUaOptions

__all__ = ["OpcUa", "OpcUaOptions"]
