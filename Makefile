# Thin names for npm scripts. Every target does its own set-up on a fresh machine.
# `make run ARGS="--port 7000"` hands arguments to the server, `make cluster NODES=5` says how many.
.PHONY: run cluster add-node cluster-stop build test test-unit test-integration test-compat bench lint fmt clean deps ok
.DEFAULT_GOAL := build

SOURCES := $(shell find src -name '*.ts' -not -name '*.test.ts' 2>/dev/null)
PACKAGES := node_modules/.package-lock.json

$(PACKAGES): package-lock.json
	@node scripts/ensure-packages.mjs

dist/main.js: $(PACKAGES) $(SOURCES) package.json scripts/build.mjs
	@npm run --silent build

run: dist/main.js
	@exec node dist/main.js $(ARGS)

cluster: dist/main.js
	@node dist/main.js cluster start --nodes $(or $(NODES),3) $(ARGS)

add-node: dist/main.js
	@node dist/main.js cluster add $(ARGS)

cluster-stop: dist/main.js
	@node dist/main.js cluster stop $(ARGS)

build: dist/main.js

deps: $(PACKAGES)

test:
	@npm test --silent

ok: $(PACKAGES)
	@npm run --silent ok

test-unit: $(PACKAGES)
	@npm run --silent test:unit

test-integration: dist/main.js
	@npm run --silent test:integration

test-compat: dist/main.js
	@npm run --silent test:compat

bench: dist/main.js
	@npm run --silent bench

lint: $(PACKAGES)
	@npm run --silent lint

fmt: $(PACKAGES)
	@npm run --silent fmt

clean:
	rm -rf dist .build
