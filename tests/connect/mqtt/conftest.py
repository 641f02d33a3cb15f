"""A broker shared by the tests of a module; each test uses topics of its own."""

from collections.abc import Iterator

import pytest
from tests.connect.mqtt.broker import Broker
from tests.connect.mqtt.patience import wait_long_for_answers


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_long_for_answers(monkeypatch)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    started = Broker(tmp_path_factory.mktemp("broker"))
    yield started
    started.stop()
