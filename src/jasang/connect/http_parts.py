"""The parts that need the HTTP library of the extra `receiver`, loaded only where a receiver or a sender runs."""

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from jasang.errors import ConfigurationError

if TYPE_CHECKING:
    from jasang.connect.forward.sender import Sender
    from jasang.connect.receiver.server import Receiver


def receiver_class() -> "type[Receiver]":
    """`Receiver`; `ConfigurationError` when its library is not installed."""
    found: type[Receiver] = _load("jasang.connect.receiver.server").Receiver
    return found


def sender_class() -> "type[Sender]":
    """`Sender`; `ConfigurationError` when its library is not installed."""
    found: type[Sender] = _load("jasang.connect.forward.sender").Sender
    return found


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The faster event loop where there is one (not on Windows), else Python's own."""
    try:
        loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    return loop


def _load(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            ko=f"수신과 전송에 필요한 {error.name!r} 이(가) 없습니다. pip install 'jasang[receiver]' 로 설치하세요.",
            en=f"receiving and forwarding need {error.name!r}, which is not installed: pip install 'jasang[receiver]'",
        ) from error
