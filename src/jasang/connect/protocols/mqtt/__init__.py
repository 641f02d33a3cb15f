"""MQTT, the language of gateways and sensors; page: docs/protocols/mqtt.md."""

from jasang.connect.protocols.mqtt.client import Mqtt
from jasang.connect.protocols.mqtt.options import MqttOptions

__all__ = ["Mqtt", "MqttOptions"]
