"""One server of each kind for all tests of databases.

Their folders do not lie below pytest's: every start of pytest takes it away from other users, and the servers are run by one.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.connect.sql import servers


@pytest.fixture(scope="session")
def postgres() -> Iterator[int]:
    with TemporaryDirectory(prefix="jasang-pg-") as folder, servers.postgres(Path(folder) / "server") as port:
        yield port


@pytest.fixture(scope="session")
def mariadb() -> Iterator[int]:
    with TemporaryDirectory(prefix="jasang-maria-") as folder, servers.mariadb(Path(folder) / "server") as port:
        yield port
