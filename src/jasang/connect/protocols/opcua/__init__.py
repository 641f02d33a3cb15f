"""OPC UA, the language of newer machines; page: docs/protocols/opcua.md."""

from jasang.connect.protocols.opcua.client import OpcUa

__all__ = ["OpcUa"]
