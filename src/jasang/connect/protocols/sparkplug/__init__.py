"""Sparkplug B, MQTT with births and deaths; page: docs/protocols/sparkplug.md."""

from jasang.connect.protocols.sparkplug.client import Sparkplug
from jasang.connect.protocols.sparkplug.options import SparkplugOptions

__all__ = ["Sparkplug", "SparkplugOptions"]
