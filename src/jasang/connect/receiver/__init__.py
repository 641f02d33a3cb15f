"""The receiver: an HTTP server that takes readings from other programs (InfluxDB line protocol) and from other collectors.

`jasang.connect.receiver.server.Receiver` needs the extra `receiver`; `jasang.connect.http_parts` loads it or says so.
"""

from jasang.connect.receiver.destination import Factory, ReceiverLimits, ReceivingStore

__all__ = ["Factory", "ReceiverLimits", "ReceivingStore"]
