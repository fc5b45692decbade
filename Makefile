# Everything that is done to tresor by name. CI calls the same targets (.ci/run); `make` alone prints them.
#
# Tools land in .tools/ at exact versions and nowhere else on the machine: Go, Java with Maven, Python 3.11 or newer and
# Node are all that has to be there before.

.DEFAULT_GOAL := help
.NOTPARALLEL: # the targets share two cores, one build cache and .aws-sam/
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# A checkout whose .git is missing or owned by somebody else must build too.
export GOFLAGS := $(strip -buildvcs=false $(filter-out -buildvcs=false,$(GOFLAGS)))

DATA      ?= .tresor
LISTEN    ?= 127.0.0.1:8080
FUZZTIME  ?= 10s
# Of `make local`.
LOCAL_PORT ?= 3000
# Of the Lambda functions. `make local` sets it to what this machine runs.
LAMBDA_ARCH ?= arm64

# Where goroutines share state. The race detector needs a C compiler: Go says 0 here when there is none.
RACE_DIRS = $(wildcard shared/vault shared/journal shared/auth shared/gateway shared/depot shared/importer shared/syspassxml shared/dialect/syspass \
              shared/seal shared/watch shared/bus shared/expiry shared/wire)
# Long, and on one goroutine: the detector, which makes them ten times as long, has nothing to find there.
RACE_SKIP = ^Test(NodesAgainstASlowModel|WhatAMoveMakesOfGrants|WhatNeedsManage|ReadIsBounded|BcryptVectors|HashPassword|ReadEncryptedRefuses)$$
RACE_OK   = $(shell go env CGO_ENABLED)

LAMBDA_FLAGS = -trimpath -tags lambda.norpc -ldflags '-s -w -buildid='
FUNCTIONS    = $(patsubst functions/%/main.go,%,$(wildcard functions/*/main.go))
# Not --cached: to know whether its cache holds, SAM hashes the whole tree once per function (.tools/ too, 24 s); Go's own cache
# knows in 2 s. --build-in-source builds here instead of in a copy of the tree per function.
SAM_BUILD    = --no-cached --parallel --build-in-source
ARCH_NAME    = $(if $(filter amd64,$(LAMBDA_ARCH)),x86_64,$(LAMBDA_ARCH))

.PHONY: help
help: ## print these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: bin/tresor ## serve all three APIs on LISTEN (127.0.0.1:8080), vault in DATA (.tresor), made on first use
	exec bin/tresor serve --data '$(DATA)' --listen '$(LISTEN)' --demo

.PHONY: test
test: bin/tresor ## every Go test, the shared state again under the race detector, then real API clients
	go test ./...
	@$(MAKE) --no-print-directory race
	infra/clients/run.sh bin/tresor

.PHONY: local-test
local-test: local-ready bin/localtest ## the deployment in containers on this machine: all three APIs over HTTP, every event; and objects on a real S3 server
	bin/localtest $(LOCAL_TEST_FLAGS)

.PHONY: race
race: ## the race detector over the packages whose goroutines share state
	@if [ "$(RACE_OK)" = 1 ]; then \
	  set -x; go test -race -skip '$(RACE_SKIP)' $(RACE_DIRS:%=./%/...); \
	else echo 'race: NOT RUN, the race detector needs a C compiler (gcc or clang) and cgo' >&2; fi

.PHONY: check
check: fmt vet lint tidy sam ## format, vet, lint, module files, the SAM template and its build

.PHONY: fmt
fmt: ## list the files that gofmt would change, and fail if there are any
	@bad=$$(find . -name '*.go' -not -path './.*/*' -exec gofmt -l {} +); \
	if [ -n "$$bad" ]; then echo "gofmt would change:" >&2; echo "$$bad" >&2; exit 1; fi

.PHONY: vet
vet: ## go vet
	go vet ./...

.PHONY: lint
lint: ## golangci-lint with .golangci.yml
	@infra/tools/golangci.sh
	.tools/bin/golangci-lint config verify
	.tools/bin/golangci-lint run ./...

.PHONY: tidy
tidy: ## fail if go.mod or go.sum are not what the imports need, or a module was changed
	go mod tidy -diff
	go mod verify

.PHONY: sam
sam: ## check template.yaml and build every function from it, as a deployment would
	infra/tools/sam.sh validate --lint
	infra/tools/sam.sh validate --lint --template docs/rotation/template.yaml
	infra/tools/sam.sh build $(SAM_BUILD)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s) each
	infra/tools/fuzz.sh '$(FUZZTIME)'

.PHONY: bench
bench: bin/tresor ## the figures the design promises, measured here, as a table
	bin/tresor bench
	go run ./infra/coldstart

.PHONY: sizes
sizes: ## bytes of every function as it is deployed, beside a hello-world and its budget
	go run ./infra/coldstart -sizes

.PHONY: build
build: bin/tresor $(FUNCTIONS:%=bin/lambda/%/bootstrap) ## bin/tresor, and every function in bin/lambda/ (LAMBDA_ARCH, arm64)

# The go command knows better than make what is up to date, so these always ask it.
.PHONY: FORCE
FORCE:

bin/tresor bin/local bin/localtest: FORCE
	go build -trimpath -o $@ ./infra/$(@F)

bin/lambda/%/bootstrap: FORCE
	CGO_ENABLED=0 GOOS=linux GOARCH=$(LAMBDA_ARCH) go build $(LAMBDA_FLAGS) -o $@ ./functions/$*

# SAM (BuildMethod: makefile) calls build-<LogicalId>: build-TeampassItemsFunction builds functions/teampass-items.
build-%Function:
	dir=$$(echo '$*' | sed 's/[A-Z]/-&/g; s/^-//' | tr 'A-Z' 'a-z'); \
	CGO_ENABLED=0 GOOS=linux GOARCH=$(LAMBDA_ARCH) go build $(LAMBDA_FLAGS) -o '$(ARTIFACTS_DIR)/bootstrap' "./functions/$$dir"

# What local and local-test both need. Whether there can be containers is asked before what takes long.
.PHONY: local-ready
local-ready: LAMBDA_ARCH = $(shell go env GOHOSTARCH)
local-ready: bin/local
	@bin/local check
	@infra/tools/versitygw.sh
	@$(MAKE) --no-print-directory bin/tresor
	LAMBDA_ARCH=$(LAMBDA_ARCH) infra/tools/sam.sh build $(SAM_BUILD) --build-dir .aws-sam/local --parameter-overrides Architecture=$(ARCH_NAME)

.PHONY: local
local: local-ready ## the deployment in containers on this machine, with a new vault, on LOCAL_PORT (3000): docs/local.md
	exec bin/local containers -port '$(LOCAL_PORT)'

.PHONY: serve-dynamodb
serve-dynamodb: bin/local bin/tresor ## the same tables, bucket and key, served on LISTEN by one process, without Docker
	@infra/tools/versitygw.sh
	exec bin/local process -listen '$(LISTEN)'

# Needs AWS credentials. The first time: make deploy DEPLOY_FLAGS=--guided
.PHONY: deploy
deploy: ## build and deploy to AWS with samconfig.toml (first time: DEPLOY_FLAGS=--guided)
	infra/tools/sam.sh build $(SAM_BUILD)
	infra/tools/sam.sh deploy $(DEPLOY_FLAGS)

.PHONY: clean
clean: ## remove what builds made; keeps the vault in .tresor/ and the tools in .tools/
	rm -rf bin .aws-sam
