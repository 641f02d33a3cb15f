#!/usr/bin/env bash
# All checks and tests, on a machine that has only Python and make. The core is tested in an environment without Django.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.tools/bin/uv
# Two test processes share the cores; threads of linear algebra inside them would only wait for each other.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Tests start hundreds of processes; each would compile anew what it imports.
unset PYTHONDONTWRITEBYTECODE

notes=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$notes"' EXIT
say() { printf '\n== %s\n' "$*"; }

# The programs that tests talk to, brought at once while the first tests run. One that is missing later says so by itself.
bring_programs() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && command -v flock >/dev/null 2>&1 || return 0
  local wanted=()
  have() { PATH="$PATH:/usr/sbin:/usr/local/sbin:/usr/lib/postgresql/17/bin:/usr/lib/postgresql/16/bin:/usr/lib/postgresql/15/bin" command -v "$1" >/dev/null 2>&1; }
  have mosquitto && have mosquitto_pub || wanted+=(mosquitto mosquitto-clients)
  have postgres || wanted+=(postgresql)
  have mariadbd || wanted+=(mariadb-server)
  have mbpoll || wanted+=(mbpoll)
  have socat || wanted+=(socat)
  have dovecot || wanted+=(dovecot-imapd)
  have chromium || wanted+=(chromium fonts-nanum)
  [ ${#wanted[@]} = 0 ] && return 0
  export DEBIAN_FRONTEND=noninteractive
  (
    flock 9
    # A service that an installation starts must not inherit the lock and hold it for good.
    apt-get update -qq 9>&-
    apt-get install -y -qq -o DPkg::Lock::Timeout=120 "${wanted[@]}" 9>&-
  ) 9>/tmp/jasang-tests-apt.lock >/dev/null 2>&1 || echo "Not all of ${wanted[*]} could be installed; the tests will say so."
}

check_style() {
  .venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports
}

bring_programs >"$notes/programs" &
programs=$!

say "the environments"
$uv sync --quiet --frozen --all-extras --group dev
UV_PROJECT_ENVIRONMENT=.venv-core $uv sync --quiet --frozen --all-extras --no-extra web --no-default-groups --group test

check_style >"$notes/style" 2>&1 &
style=$!

say "the core, in an environment without Django (meanwhile: code style, types and import contracts)"
core=0
.venv-core/bin/python -m pytest -m "not web and not browser" -n 2 --dist worksteal --timeout 900 -q || core=$?

say "code style, types and import contracts"
wait "$style" || { cat "$notes/style"; exit 1; }
echo "passed"
[ "$core" = 0 ] || exit "$core"

say "the portal, with a real browser"
wait "$programs" || true
cat "$notes/programs"
.venv/bin/python -m pytest -m "web or browser" -n 2 --dist loadfile --timeout 900 -q
