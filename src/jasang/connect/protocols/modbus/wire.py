"""One Modbus device or line through pymodbus: blocks read, and every refusal told apart by its name."""

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from jasang.connect.contract import Link
from jasang.connect.link_words import failed
from jasang.connect.protocols.modbus.blocks import Block
from jasang.connect.protocols.modbus.options import ModbusOptions
from jasang.errors import ConnectionFailed
from jasang.plant.text import Text

NO_ANSWER = 0  # not a code of the protocol, where they begin at 1
ILLEGAL = (1, 2, 3)  # the device is well, but not with this request
GATEWAY = (10, 11)
_CODES: dict[int, Text] = {
    NO_ANSWER: Text(ko="답이 없습니다", en="no answer"),
    1: Text(ko="이 종류의 값을 읽는 기능이 없습니다(illegal function)", en="illegal function: it has no such kind of value"),
    2: Text(ko="없는 주소입니다(illegal address)", en="illegal address"),
    3: Text(ko="받아들이지 않는 개수입니다(illegal value)", en="illegal value: it refuses the length of the request"),
    4: Text(ko="기계 고장(device failure)", en="device failure"),
    5: Text(ko="아직 처리 중(acknowledge)", en="still working on it (acknowledge)"),
    6: Text(ko="기계가 바쁩니다(device busy)", en="device busy"),
    8: Text(ko="기억 장치 오류(memory parity error)", en="memory parity error"),
    10: Text(ko="게이트웨이에 길이 없습니다(gateway path unavailable)", en="gateway path unavailable"),
    11: Text(ko="게이트웨이 뒤의 기계가 답하지 않습니다(gateway target failed)", en="gateway target failed to respond"),
}  # fmt: skip
_STRANGE = Text(ko="알 수 없는 대답", en="an answer that is none")
_URL = re.compile(r"modbus-tcp://(\[[0-9a-fA-F:]+\]|[^/:@\s]+)(?::(\d{1,5}))?/?")


class Refused(Exception):
    """The device answered a request with an exception code, or not at all (`NO_ANSWER`)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code

    @property
    def text(self) -> Text:
        """The code in words."""
        return _CODES.get(
            self.code, Text(ko=f"{_STRANGE.ko}(코드 {self.code})", en=f"{_STRANGE.en} (code {self.code})")
        )


class Gone(Exception):
    """The connection itself is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a url leads: a host and port, or a serial device."""

    host: str | None = None
    port: int = 502
    device: str | None = None


def place_of(url: str) -> Place:
    """`ValueError` when the url is neither `modbus-tcp://host[:port]` nor `modbus-rtu://device`."""
    if url.startswith("modbus-rtu://"):
        device = url.removeprefix("modbus-rtu://")
        if not device:
            raise ValueError("no serial device")
        return Place(device=device)
    found = _URL.fullmatch(url)
    if found is None or not 1 <= int(found[2] or 502) <= 65_535:
        raise ValueError(f"{url!r} is not modbus-tcp://host:port")
    return Place(host=found[1].strip("[]"), port=int(found[2] or 502))


class Wire:
    """An open connection; `read` raises `Refused` or `Gone`."""

    def __init__(self, link: Link) -> None:
        options: ModbusOptions = link.options or ModbusOptions()
        self._link, self._place = link, place_of(link.url)
        # It logs what comes here as a sentence of our own, again and again.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._client: Any
        if self._place.device is not None:
            self._client = AsyncModbusSerialClient(
                self._place.device,
                baudrate=options.baudrate,
                parity=options.parity,
                stopbits=options.stopbits,
                bytesize=options.bytesize,
                timeout=link.timeout,
                retries=1,
                reconnect_delay=0,
            )
        else:
            self._client = AsyncModbusTcpClient(
                self._place.host or "",
                port=self._place.port,
                framer=FramerType.RTU if options.framing == "rtu" else FramerType.SOCKET,
                timeout=link.timeout,
                retries=0,
                reconnect_delay=0,
            )

    async def open(self) -> None:
        """Raises `ConnectionFailed` with what is the matter."""
        if self._place.device is not None:
            self._check_device(self._place.device)
        elif self._place.host is not None:
            # pymodbus only says that it did not work; a try of our own says why.
            await self._check_port(self._place.host, self._place.port)
        try:
            opened = await self._client.connect()
        except (TimeoutError, OSError, ModbusException) as error:
            raise _unreachable(self._link, str(error) or type(error).__name__) from error
        if not opened:
            raise _unreachable(self._link, "not opened")

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    async def read(self, block: Block) -> Sequence[int]:
        """The registers or bits of a block."""
        calls = {
            "coil": self._client.read_coils,
            "discrete": self._client.read_discrete_inputs,
            "input": self._client.read_input_registers,
            "holding": self._client.read_holding_registers,
        }
        answer = await self._answer(calls[block.area], block)
        if answer.isError():
            raise Refused(int(answer.exception_code))
        found: list[int] = answer.bits if block.area in ("coil", "discrete") else answer.registers
        if len(found) < block.count:
            raise Refused(255)  # a late answer to another question; on a serial line nothing else tells them apart
        return found[: block.count]

    async def _answer(self, call: Callable[..., Awaitable[Any]], block: Block) -> Any:
        clock = asyncio.get_running_loop().time
        for last in (False, False, True):
            asked = clock()
            try:
                return await call(block.start, count=block.count, device_id=block.unit_id)
            except (TimeoutError, ModbusException) as error:
                if not self._client.connected:
                    raise Gone(str(error)) from error
                # An error before the time is up is the late answer to an earlier question: ask again.
                if clock() - asked >= 0.9 * self._link.timeout or last:
                    raise Refused(NO_ANSWER) from error
            except OSError as error:
                raise Gone(str(error)) from error
        raise Refused(NO_ANSWER)

    def _check_device(self, device: str) -> None:
        if os.name != "posix":
            return
        if not os.path.exists(device):
            raise failed(
                self._link,
                f"직렬 포트 {device} 이(가) 없습니다. USB 변환기가 꽂혀 있는지, 이름이 맞는지 확인하세요.",
                f"there is no serial port {device}; is the converter plugged in, the name right?",
            )
        if not os.access(device, os.R_OK | os.W_OK):
            raise failed(
                self._link,
                f"직렬 포트 {device} 을(를) 쓸 권한이 없습니다. 사용자를 dialout 그룹에 넣으세요.",
                f"no permission for serial port {device}; add the user to group dialout",
                permanent=True,
            )

    async def _check_port(self, host: str, port: int) -> None:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), self._link.timeout)
        except ConnectionRefusedError as error:
            raise failed(
                self._link,
                f"{host} 은(는) 켜져 있지만 포트 {port} 에서 받지 않습니다. 기계의 Modbus TCP가 켜져 있는지,"
                " 포트가 맞는지 확인하세요.",
                f"{host} is on but refuses port {port}; is Modbus TCP enabled, the port right?",
            ) from error
        except (TimeoutError, OSError) as error:
            raise _unreachable(self._link, str(error) or "no answer") from error
        writer.close()


def _unreachable(link: Link, reason: str) -> ConnectionFailed:
    return failed(
        link,
        f"{link.url} 에 연결할 수 없습니다({reason}). 기계의 전원, 주소, 배선을 확인하세요.",
        f"cannot reach {link.url} ({reason}); is the machine on, the address and the cable right?",
    )
