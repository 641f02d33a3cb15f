# Two commands for a newcomer, `make demo` and `make test`. Both bring what they need into .tools and .venv, nothing else is touched.
PYTHON ?= python3
UV := .tools/bin/uv
SYNC := $(UV) sync --quiet --frozen

.PHONY: demo test check clean

demo: $(UV)
	@test -d .venv || echo "Bringing the libraries into .venv (1.5 GB, once) … / 라이브러리를 .venv에 내려받습니다(처음 한 번) …"
	@$(SYNC) --all-extras --no-default-groups
	@.venv/bin/jasang demo

test: $(UV)
	@bash tools/run-tests.sh

# What a developer runs before a commit: seconds, not minutes.
check: $(UV)
	@$(SYNC) --all-extras --group dev
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

clean:
	rm -rf .venv .venv-core .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(UV):
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not there. Install Python 3.11 or later, or say which: make PYTHON=python3.12 demo / 파이썬 3.11 이상을 설치하거나 make PYTHON=python3.12 demo처럼 알려 주세요."; exit 1; }
	@$(PYTHON) tools/bring_uv.py .tools
