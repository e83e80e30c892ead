# The commands of this repository. "make demo" and "make test" are all that most people need.

GO      ?= go
FUZZ    ?= 3s
ROWS    ?= 1000000 10000000
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath

.PHONY: help build demo deps test check bench bench-go fuzz proof clean

help:
	@echo 'make demo    build, make a country up, and show the whole loop on the terminal; ARGS=... is passed on'
	@echo 'make test    everything that must hold before a change is taken (under 25 minutes on two cores)'
	@echo 'make check   the quick part of it (under 3 minutes)'
	@echo 'make build   bin/ceir and bin/eir'
	@echo 'make deps    install what the tests need beside Go, only what is missing'
	@echo 'make fuzz    every fuzz target for a moment; FUZZ=1m for longer'
	@echo 'make bench   measure bin/ceir step by step on months of ROWS observation rows; ARGS=... is passed on'
	@echo 'make bench-go  benchmarks of packages'
	@echo 'make proof   the long runs: OPENCEIR_KILLS, OPENCEIR_SEEDS and OPENCEIR_SOAK say how long'

build:
	$(BUILD) -o bin/ceir ./cmd/ceir
	$(BUILD) -o bin/eir ./cmd/eir

demo: build
	bin/ceir demo $(ARGS)

deps:
	@tools/deps

test: deps
	@GO='$(GO)' tools/test

check:
	$(GO) vet ./...
	$(GO) test -short -timeout 3m ./...

fuzz:
	@GO='$(GO)' FUZZ='$(FUZZ)' FUZZ_TOTAL=$${FUZZ_TOTAL:-86400} tools/fuzz

bench: build
	$(BUILD) -o bin/bench ./internal/sim/month/bench
	bin/bench -rows '$(ROWS)' -of "$$(git describe --always --dirty)" $(ARGS)

bench-go:
	$(GO) test -run '^$$' -bench . -benchmem ./...

proof: deps build
	@GO='$(GO)' tools/proof

clean:
	rm -rf bin
