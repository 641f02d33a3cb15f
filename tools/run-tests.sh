#!/usr/bin/env bash
# All checks and tests, on a machine that has only Python and make. The core is tested in an environment without Django.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.tools/bin/uv
# Two test processes share the cores; threads of linear algebra inside them would only wait for each other.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

say() { printf '\n== %s\n' "$*"; }

say "code style, types and import contracts"
$uv sync --quiet --frozen --all-extras --group dev
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports >/tmp/jasang-imports.$$ || { cat /tmp/jasang-imports.$$; exit 1; }
rm -f /tmp/jasang-imports.$$

say "the core, in an environment without Django"
UV_PROJECT_ENVIRONMENT=.venv-core $uv sync --quiet --frozen --all-extras --no-extra web --no-default-groups --group test
.venv-core/bin/python -m pytest -m "not web and not browser" -n 2 --dist worksteal -q

say "the portal, with a real browser"
if ! command -v chromium >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-nanum) >/dev/null 2>&1 ||
    echo "Chromium could not be installed; the browser tests will say so."
fi
.venv/bin/python -m pytest -m "web or browser" -n 2 --dist loadfile -q
