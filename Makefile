# The tasks of the project, for people and CI. `make help` lists them.
#
# Needs only Python 3.11 or newer (with venv), make, and a package index that pip can reach.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input --quiet

# A complete environment, so that the developer's .env has no influence on the checks.
CHECK_ENV := ENV_FILE= DEBUG=False HASHED_STATIC=False LOG_LEVEL=warning DATABASE_URL=sqlite:///:memory: \
	SECRET_KEY=only-for-checks-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF \
	PUBLIC_URL=https://dash.example.com ALLOWED_HOSTS=dash.example.com \
	PNEUMATIC_API_URL=https://api.example.com PNEUMATIC_API_KEY=only-for-checks PNEUMATIC_DIALECT=documented
# With -W error, models must be free of warnings too.
MANAGE := $(CHECK_ENV) PYTHONDEVMODE=1 $(PY) -W error manage.py

# How many processes run the tests; `make test WORKERS=0` runs them in one, which a debugger needs. Many tests wait for
# another process, a server or a browser: two more than there are processors keep those busy.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
ARGS ?=
# Python's development mode shows what is never closed. Its checks of memory are for authors of C code, and take time.
PYTEST = PYTHONDEVMODE=1 PYTHONMALLOC=default $(1) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo env test test-all coverage check format install bench lock screenshots container-check release-check

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## Start the dashboard on a sandbox of Pneumatic; Ctrl-C stops it (ARGS="--port 8080")
	@exec $(PY) manage.py demo $(ARGS)

env: ## Create .env from .env.example with a fresh SECRET_KEY, readable by its owner; an existing one stays
	@if [ -e .env ]; then echo ".env exists and stays as it is."; else umask 077 && \
		key=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))') && \
		sed "s|^SECRET_KEY=$$|SECRET_KEY=$$key|" .env.example > .env && echo ".env has a fresh SECRET_KEY."; fi

install: $(VENV)/.development ## Create .venv with everything that development needs

test: $(VENV)/.development ## Run the tests (ARGS="tests/launches -k retry"; DATABASE_URL=... for PostgreSQL)
	@$(call PYTEST,$(PY))

test-all: $(VENV)/.development ## Run every combination, crash point and example of a property too
	@$(call PYTEST,$(PY)) --exhaustive

coverage: $(VENV)/.development ## Run the tests and measure which lines and branches they reach
	@rm -f .coverage .coverage.*
	@$(call PYTEST,$(PY) -m coverage run)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

check: $(VENV)/.development ## Lint, format, types, templates, migrations, production configuration
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	git ls-files -z 'templates/*.html' 'apps/*.html' | xargs -0 $(VENV)/bin/djade --check --target-version 5.2
	$(CHECK_ENV) $(VENV)/bin/mypy
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check --deploy --fail-level WARNING

format: $(VENV)/.development ## Format Python and templates
	$(VENV)/bin/ruff check --fix --quiet . || true
	$(VENV)/bin/ruff format .
	git ls-files -z 'templates/*.html' 'apps/*.html' | xargs -0 $(VENV)/bin/djade --target-version 5.2

bench: $(VENV)/.development benchmarks/.venv/.installed benchmarks/fastify/node_modules/.installed ## Measure against other programs and print tables (ARGS="--only sync")
	$(PY) -m benchmarks $(ARGS)

screenshots: $(VENV)/.development ## Take the pictures in docs/images, with Chromium on the sandbox
	$(PY) docs/images/make.py

container-check: ## Build the Containerfile in a clean Debian and check what it serves (root, debootstrap)
	$(PYTHON) deploy/container_check.py $(ARGS)

release-check: deploy/release/.venv/.installed ## Look up known vulnerabilities of locked packages, write var/sbom.cdx.json (status 3: unknown)
	@$(PYTHON) -m deploy.release_check

lock: $(VENV)/.runtime ## Lock the newest dependencies that pyproject.toml allows, with hashes
	@command -v uv > /dev/null || $(PIP) install uv
	PATH="$$PATH:$(VENV)/bin"; compile='uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --upgrade'; \
	$$compile pyproject.toml -o requirements.lock && \
	$$compile --group dev pyproject.toml -o requirements-dev.lock && \
	$$compile deploy/release/requirements.in -o deploy/release/requirements.lock && \
	$$compile benchmarks/requirements.in -o benchmarks/requirements.lock

# -- Environments: each is created once, and updated when its lock changed ---------------------------------------

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (on Debian: the package python3-venv)."; exit 1; }

$(VENV)/.runtime: requirements.lock | $(PY)
	@echo "Installing the dashboard's requirements"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# The development requirements include those of the dashboard: one installation is enough.
$(VENV)/.development: requirements.lock requirements-dev.lock | $(PY)
	@echo "Installing the development requirements"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $(VENV)/.runtime $@

benchmarks/.venv/.installed: benchmarks/requirements.lock | $(PY)
	@echo "Installing the other programs of the benchmarks"
	@$(PYTHON) -m venv --clear benchmarks/.venv
	@benchmarks/.venv/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes -r benchmarks/requirements.lock
	@touch $@

deploy/release/.venv/.installed: deploy/release/requirements.lock
	@echo "Installing the tools of the release check"
	@$(PYTHON) -m venv --clear deploy/release/.venv
	@deploy/release/.venv/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes -r deploy/release/requirements.lock
	@touch $@

benchmarks/fastify/node_modules/.installed: benchmarks/fastify/package-lock.json
	@if command -v npm > /dev/null; then \
		echo "Installing the peer of the receiver" && cd benchmarks/fastify && npm ci --silent --no-audit --no-fund; \
	else echo "npm is missing: the receiver is measured without its peer"; fi
	@mkdir -p $(@D) && touch $@
