# Two commands for people: `make demo` and `make test`. `make check` is what CI runs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
PRODUCTS := manager watcher publisher health-server wait-for-contract local-broker

.PHONY: help
help: ## What there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

.PHONY: install
install:
	@Tests/Scripts/install-libcurl.sh

.PHONY: build
build: install ## Debug build of everything
	$(SWIFT) build --build-tests

.PHONY: release
release: install ## Release build of the programs
	@for product in $(PRODUCTS); do $(SWIFT) build -c release --product $$product; done

# The static gate has its own directory: its flags would rebuild everything in the other one, and the reverse.
GATE_BUILD := --scratch-path .build-gate -c release --product wait-for-contract
GATE_FLAGS := -Xswiftc -static-executable -Xswiftc -static-stdlib -Xlinker -s

.PHONY: gate
gate: ## The gate as one static file that runs in any image: .build-gate/wait-for-contract
	$(SWIFT) build $(GATE_BUILD) $(GATE_FLAGS)
	@install -m 755 "$$($(SWIFT) build $(GATE_BUILD) --show-bin-path)/wait-for-contract" .build-gate/wait-for-contract
	@ls -lLh .build-gate/wait-for-contract

.PHONY: demo
demo: release ## The main job on the example contracts, against the embedded local broker
	@Tests/Scripts/demo.sh "$$($(SWIFT) build -c release --show-bin-path)"

.PHONY: doctor-demo
doctor-demo: release ## `manager doctor` on six broken set-ups and a good one
	@$(SWIFT) build -c release --product local-kubernetes
	@Tests/Scripts/doctor.sh "$$($(SWIFT) build -c release --show-bin-path)"

.PHONY: test
test: build ## The tests that people run: no network, nothing but libcurl to install
	@Tests/Scripts/test.sh

.PHONY: chaos
chaos: build ## 1,000 kills of the health server, then 10 minutes in which everything fails (PMM_CHAOS_SECONDS, _KILLS, _SEED)
	@PMM_CHAOS_SECONDS=$${PMM_CHAOS_SECONDS:-600} PMM_CHAOS_KILLS=$${PMM_CHAOS_KILLS:-1000} \
	    Tests/Scripts/test.sh --no-parallel --filter 'EndToEndTests\.(NoRefusedProbeTests|ChaosTests)'

.PHONY: attacks
attacks: build ## Two dozen kinds of hostile clients while a kubelet probes (PMM_ATTACK_SECONDS each)
	@PMM_ATTACK_SECONDS=$${PMM_ATTACK_SECONDS:-2} Tests/Scripts/test.sh --no-parallel --filter HostileClientTests

.PHONY: fuzz
fuzz: install ## The health server against a million inputs of libFuzzer each: a client's bytes, sections of the state (FUZZ_RUNS)
	@code=0; Tests/Scripts/fuzz.sh runs $${FUZZ_RUNS:-1000000} || code=$$?; [ $$code = 77 ] || exit $$code

.PHONY: mutations
mutations: build ## Breaks the code in known ways, one at a time: each must turn a test red (NAME=words picks some)
	@python3 -B Tests/Scripts/mutations.py $(NAME)

.PHONY: format
format: ## Formats all Swift sources
	$(SWIFT) format -i -r --parallel Package.swift Sources Tests

.PHONY: lint
lint: ## Fails on what the formatter would change, and on files and functions that are too long
	$(SWIFT) format lint --strict -r --parallel Package.swift Sources Tests
	@python3 -B Tests/Scripts/lengths.py

.PHONY: check
check: ## All that CI runs: format, warnings as errors, tests, linkage, peers
	@Tests/Scripts/check.sh

.PHONY: documentation
documentation: ## Links, settings, targets and log lines in the documentation against the code
	@Tests/Scripts/documentation.sh

.PHONY: peers
peers: build ## Only the tests with the real pact tools (PyPI, in a virtual environment)
	@PACT_CLI=$$(Tests/Scripts/peers.sh) Tests/Scripts/test.sh --filter PactToolsTests

.PHONY: prometheus
prometheus: release ## The metrics and alerts under the real promtool and Prometheus (Debian's package, unpacked here)
	@Tests/Scripts/prometheus.sh "$$($(SWIFT) build -c release --show-bin-path)"

.PHONY: browser
browser: release ## The status page in a headless Chromium (apt's, installed if missing); screenshots in .build/browser
	@Tests/Scripts/browser.sh "$$($(SWIFT) build -c release --show-bin-path)"

.PHONY: rootfs
rootfs: release ## The image without an engine: its root file system (root, debootstrap), and the manager living in it
	@code=0; Tests/Scripts/rootfs.sh "$$($(SWIFT) build -c release --show-bin-path)" || code=$$?; [ $$code = 77 ] || exit $$code

.PHONY: deploy
deploy: rootfs ## The compose file and the Tiltfile, validated; the compose services really run, without an engine
	@code=0; Tests/Scripts/deploy.sh "$$($(SWIFT) build -c release --show-bin-path)" || code=$$?; [ $$code = 77 ] || exit $$code

.PHONY: manifests
manifests: release gate ## deploy/kubernetes and deploy/helm: built, validated, broken on purpose, and the manager run with what they say
	@Tests/Scripts/manifests.sh "$$($(SWIFT) build -c release --show-bin-path)"

.PHONY: systemd
systemd: release gate ## deploy/systemd: verified, and run under a real systemd in namespaces of its own (root)
	@Tests/Scripts/systemd.sh "$$($(SWIFT) build -c release --show-bin-path)"

.PHONY: bench
bench: release ## Speed and memory of the release build beside its peers, and the bars (NAME=restart, bulk …: only that)
	@$(SWIFT) build -c release --product StateExerciser
	@[ -x .build-gate/wait-for-contract ] || $(MAKE) --no-print-directory gate
	@Tests/Benchmarks/bench.sh "$$($(SWIFT) build -c release --show-bin-path)" $(NAME)

.PHONY: instructions
instructions: release ## What the hot paths cost in instructions, compared with the recorded counts (RECORD=1 records them)
	@$(SWIFT) build -c release --product StateExerciser
	@code=0; python3 -B Tests/Benchmarks/instructions.py "$$($(SWIFT) build -c release --show-bin-path)" \
	    $(if $(RECORD),--record) || code=$$?; [ $$code = 77 ] || exit $$code

.PHONY: clean
clean: ## Removes what was built
	rm -rf .build
