"""Modbus TCP and RTU, spoken by nearly every controller and meter; page: docs/protocols/modbus.md."""

from jasang.connect.protocols.modbus.client import Modbus
from jasang.connect.protocols.modbus.options import ModbusOptions, ModbusSignalOptions

__all__ = ["Modbus", "ModbusOptions", "ModbusSignalOptions"]
