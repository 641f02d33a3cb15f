"""Where the real data lies, and what happens where it does not.

`JASANG_DATA` names the folder with `data/` and `reference/`, default `../shared` beside the checkout. On a user's machine tests
that need it skip by name; in CI (`CI=true`) such a skip fails, because a skipped proof is no proof.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine is says nothing about what it computes; in CI every run tries the same examples.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("JASANG_DATA", ROOT.parent / "shared"))


def _folder(kind: str, name: str) -> Path:
    path = SHARED / kind / name
    if path.exists():
        return path
    reason = f"real data {kind}/{name} is not here (JASANG_DATA={SHARED})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """`real_data("kamp_press")` is the folder of that set; skips by name where it is absent, fails in CI."""
    return lambda name: _folder("data", name)


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Path]:
    """`reference("hb_imr.json")` is that file of published numbers; skips by name where it is absent, fails in CI."""
    return lambda name: _folder("reference", name)
