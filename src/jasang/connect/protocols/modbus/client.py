"""Modbus: browse and poll through pymodbus. Needs the extra `jasang[modbus]`.

Modbus knows no names, units, times or changes: registers are read every `poll_interval`, a reading has the time at which its
answer came. It is delivered when its value changed (by more than the deadband), and at the latest every `repeat_after`.
"""

from jasang.connect.contract import Inbox, Link, Variable, WrongField
from jasang.connect.link_words import failed
from jasang.connect.protocols.modbus.options import ModbusOptions, ModbusSignalOptions
from jasang.connect.protocols.modbus.polling import Poller
from jasang.connect.protocols.modbus.register import Address, Field, field_of, parse_address
from jasang.connect.protocols.modbus.scan import scan
from jasang.connect.protocols.modbus.wire import Gone, Wire, place_of
from jasang.errors import ConnectionFailed


class Modbus:
    """The protocol as the collector knows it."""

    name = "modbus"
    schemes = ("modbus-tcp", "modbus-rtu")
    address_example = "holding:100"
    finds_signals = False
    options = ModbusOptions
    signal_options = ModbusSignalOptions

    def check_address(self, address: str) -> None:
        parse_address(address)

    def check(self, link: Link) -> None:
        try:
            place = place_of(link.url)
        except ValueError as error:
            raise WrongField(
                "url",
                "modbus-tcp://192.168.0.30:502 나 modbus-rtu:///dev/ttyUSB0 처럼 적으세요",
                "must look like modbus-tcp://192.168.0.30:502 or modbus-rtu:///dev/ttyUSB0",
            ) from error
        options: ModbusOptions = link.options or ModbusOptions()
        if place.device is not None and options.framing == "tcp":
            raise WrongField("framing", "직렬 연결은 늘 rtu입니다", "is always rtu on a serial line")
        if link.branches:
            raise WrongField(
                "browse",
                "Modbus 기계는 이름을 모릅니다. [[connections.signals]]에 주소를 적으세요",
                "cannot be used: a Modbus device knows no names; list addresses as [[connections.signals]]",
            )
        if not link.signals:
            raise WrongField(
                "signals",
                "Modbus는 읽을 주소를 [[connections.signals]]에 적어야 합니다. 'jasang connect browse'가 찾아 줍니다",
                "is needed: list the addresses to read as [[connections.signals]]; 'jasang connect browse' finds some",
            )
        if link.username is not None:
            raise WrongField("username", "Modbus에는 사용자가 없습니다", "cannot be used: Modbus knows no users")
        fields_of(link)

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """Registers and bits that hold something, from address 0 to 999 or the 1000 from `address` on."""
        start = None if address is None else _start(address)
        wire = Wire(link)
        await wire.open()
        try:
            return await scan(wire, link, start)
        except Gone as error:
            raise lost(link, error) from error
        finally:
            wire.close()

    async def collect(self, link: Link, inbox: Inbox) -> None:
        wire = Wire(link)
        await wire.open()
        try:
            await Poller(wire, link, fields_of(link), inbox).run()
        except Gone as error:
            raise lost(link, error) from error
        finally:
            wire.close()


def fields_of(link: Link) -> tuple[Field, ...]:
    """The signals as fields; raises `WrongField` that names the signal's place."""
    options: ModbusOptions = link.options or ModbusOptions()
    fields = []
    for index, signal in enumerate(link.signals):
        try:
            field = field_of(signal, options.unit_id)
        except WrongField as error:
            raise WrongField(f"signals[{index}].{error.where}", error.ko, error.en) from error
        if field.words > options.max_block:
            raise WrongField(
                f"signals[{index}].length",
                f"한 번에 읽는 {options.max_block}개(max_block)보다 깁니다",
                f"is longer than the {options.max_block} registers of one request (max_block)",
            )
        fields.append(field)
    return tuple(fields)


def _start(address: str) -> Address:
    try:
        return parse_address(address)
    except ValueError as error:
        raise ConnectionFailed(
            ko=f"{address!r} 은(는) Modbus 주소가 아닙니다. 예: holding:100",
            en=f"{address!r} is no Modbus address; expected for example holding:100",
            permanent=True,
        ) from error


def lost(link: Link, error: Gone) -> ConnectionFailed:
    """The connection broke while it was used."""
    return failed(
        link,
        f"{link.url} 과(와) 연결이 끊겼습니다({error}).",
        f"the connection to {link.url} is lost ({error})",
    )
