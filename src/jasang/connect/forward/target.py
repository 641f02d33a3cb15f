"""Where a sender sends to, and what it learns of the clock there."""

import ssl
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The receiver's clock minus this one in s, known to ± `within`, at the moment `at`."""

    offset: float
    within: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to send: the receiver's address, token, the share of the time that catching up may take, certificates to trust."""

    url: str
    token: str
    share: float = 0.5
    certificate: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Target(url={self.url!r})"
