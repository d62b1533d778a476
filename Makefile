# Thin names for npm scripts. Every target does its own set-up on a fresh machine.
# `make run ARGS="--port 7000"` hands arguments to the server, `make cluster NODES=5` says how many.
.PHONY: run cluster add-node cluster-stop build test test-unit test-integration test-compat bench lint fmt clean deps ok
.PHONY: docker-build docker-up docker-down docker-logs
.PHONY: k8s-up k8s-down k8s-scale k8s-status k8s-logs k8s-grafana
.DEFAULT_GOAL := build

SOURCES := $(shell find src -name '*.ts' -not -name '*.test.ts' 2>/dev/null)
PACKAGES := node_modules/.package-lock.json
COMPOSE = docker compose -f $(or $(FILE),docker-compose.cluster.yml)
KUBECTL = kubectl -n hypercache

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

docker-build:
	@docker build -t $(or $(IMAGE),hypercache) .

.env:
	@(umask 077 && sh deploy/container/secrets.sh >$@) && echo 'made .env: password and cluster key'

docker-up: .env
	@$(COMPOSE) up -d --build --wait

docker-down:
	@$(COMPOSE) down

docker-logs:
	@$(COMPOSE) logs -f --tail 100

k8s-up:
	@sh deploy/kubernetes/up.sh

k8s-down:
	@kubectl delete --ignore-not-found -k deploy/kubernetes/overlays/local

k8s-scale:
	@$(KUBECTL) scale statefulset/hypercache --replicas $(or $(NODES),3)
	@$(KUBECTL) rollout status statefulset/hypercache

k8s-status:
	@$(KUBECTL) get statefulsets,pods,services,persistentvolumeclaims
	@$(KUBECTL) exec hypercache-0 -- hypercache cluster status --url http://127.0.0.1:9080

k8s-logs:
	@$(KUBECTL) logs -f --tail 100 --prefix -l app.kubernetes.io/name=hypercache

k8s-grafana:
	@kubectl -n $(or $(NAMESPACE),monitoring) port-forward service/$(or $(GRAFANA),grafana) 3000:80
