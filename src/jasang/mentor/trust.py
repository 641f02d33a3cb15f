"""The use case "trust": which OPC UA servers' certificates this user trusts, and the certificate they see of Jasang."""

import asyncio
import importlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jasang.connect.catalog import load
from jasang.connect.contract import Link
from jasang.errors import ConfigurationError

__all__ = ["Known", "Own", "forget_certificates", "own_certificate", "trust_machine", "trusted_certificates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A machine's certificate; `thumbprint` is the SHA-1 one that OPC UA tools and machines' screens show."""

    subject: str
    thumbprint: str
    sha256: str
    valid_from: datetime
    valid_to: datetime

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return datetime.now(UTC) > self.valid_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Jasang's own certificate, for the machine's trust list."""

    file: Path
    thumbprint: str
    uri: str


def trust_machine(url: str, *, thumbprint: str | None = None, timeout: float = 5.0) -> tuple[Known, ...]:
    """Put the certificates of the server at `url` on the trust list; with `thumbprint` only if it has that one.

    Raises `ConnectionFailed` when there is no server or it offers no secured connection, `ConfigurationError` when the thumbprint
    is another one.
    """
    load("opcua")  # says what to install when the library is missing
    session = importlib.import_module("jasang.connect.protocols.opcua.session")
    link = Link(name=url, protocol="opcua", url=url, timeout=timeout)
    found = asyncio.run(session.server_certificates(link))
    if thumbprint is not None:
        wanted = thumbprint.replace(":", "").replace(" ", "").lower()
        fitting = [one for one in found if wanted in (one.thumbprint.lower(), one.sha256)]
        if not fitting:
            shown = ", ".join(one.thumbprint for one in found)
            raise ConfigurationError(
                ko=f"{url}: 지문이 다릅니다. 받은 지문 {thumbprint}, 서버의 지문 {shown}. 신뢰 목록에 넣지 않았습니다.",
                en=f"{url}: another thumbprint: {thumbprint} was given, the server's is {shown}; nothing was trusted",
            )
        found = fitting
    _security().trust(found)
    return tuple(_known(one) for one in found)


def trusted_certificates() -> tuple[Known, ...]:
    """All certificates on the trust list, by subject."""
    return tuple(_known(one) for one in _security().trusted())


def forget_certificates(thumbprint: str) -> tuple[Known, ...]:
    """Take those with this thumbprint (or its first 8 digits or more) off the list; `ConfigurationError` when there is none."""
    gone = tuple(_known(one) for one in _security().forget(thumbprint))
    if not gone:
        raise ConfigurationError(
            ko=f"신뢰 목록에 지문 {thumbprint} 이(가) 없습니다. 목록: jasang connect trust",
            en=f"the trust list holds no thumbprint {thumbprint}; see the list with: jasang connect trust",
        )
    return gone


def own_certificate() -> Own:
    """Jasang's own certificate; it is made when there is none yet."""
    found = _security().own_identity()
    return Own(file=found.certificate, thumbprint=found.thumbprint, uri=found.uri)


def _security() -> Any:
    load("opcua")
    return importlib.import_module("jasang.connect.protocols.opcua.security")


def _known(one: Any) -> Known:
    return Known(
        subject=one.subject,
        thumbprint=one.thumbprint,
        sha256=one.sha256,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
    )
