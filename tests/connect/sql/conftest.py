"""One server of each kind for all tests of databases."""

from collections.abc import Iterator

import pytest
from tests.connect.sql import servers


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with servers.postgres(tmp_path_factory.mktemp("pg") / "server") as port:
        yield port


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with servers.mariadb(tmp_path_factory.mktemp("maria") / "server") as port:
        yield port
