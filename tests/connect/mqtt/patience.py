"""Time for the broker's answers that a busy machine needs, beside short times for what tests expect not to come."""

from dataclasses import replace
from typing import Any

import pytest

from jasang.connect.contract import Link
from jasang.connect.protocols.mqtt.session import Session


def wait_long_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session waits 60 s for each answer; `timeout` of the link stays the time after which silence is told."""
    made = Session.__init__

    def patient(session: Session, link: Link, *rest: Any, **more: Any) -> None:
        made(session, replace(link, timeout=60.0), *rest, **more)

    monkeypatch.setattr(Session, "__init__", patient)
