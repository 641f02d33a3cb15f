"""The receiver: an HTTP server that takes readings from other programs (InfluxDB line protocol) and from other collectors."""

from jasang.connect.receiver.destination import Factory, ReceivingStore
from jasang.connect.receiver.server import Receiver, ReceiverLimits

__all__ = ["Factory", "Receiver", "ReceiverLimits", "ReceivingStore"]
