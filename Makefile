# Two commands do everything on a fresh Debian 12 machine: `make demo` and `make test`.
# The work is in CMakePresets.json and scripts/; this file only gives it short names.
.DEFAULT_GOAL := help
.PHONY: help setup build demo demo-cluster test swarm exhaustive soak netns bench asan tsan format \
        tidy clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Install the Debian packages that are missing
	@scripts/setup

build: setup ## Build everything, optimised, into build/release
	@scripts/build release

demo: build ## Count the words of /usr/include, kill subtasks meanwhile, check the result
	@scripts/demo

demo-cluster: build ## The same on four processes, one of which is killed
	@scripts/demo-cluster

test: build ## Run all tests
	@ctest --preset release -j2

swarm: build ## Simulate kills, power cuts and failing disks, SEEDS=1:1000
	@scripts/swarm simulation_test=$(or $(SEEDS),1:1000) savepoint_test=$(or $(SEEDS),1:1000) \
	  operator_state_test=$(or $(SEEDS),1:1000) nexmark_test=$(or $(SEEDS),1:100)

exhaustive: build ## Play small jobs in every order there is; takes an hour
	@build/release/bin/interaction_test '[exhaustive]'

soak: build ## Kill parts of jobs on real threads, and whole processes, SEEDS=1:20 of the latter
	@scripts/swarm 'process_test:[swarm]~[netns]=$(or $(SEEDS),1:20)' threads_test=1:100
	@WEIR_SEEDS=1:100 build/release/bin/process_test '[kill-loop]'

netns: build ## As root: kill and freeze hosts of a network, cut, slow down their cables, SEEDS=1:20
	@scripts/swarm 'process_test:[netns]=$(or $(SEEDS),1:20)'

bench: build ## Measure, with the ceiling of each figure from the same run
	@scripts/bench

asan: setup ## Run all tests under the address and undefined-behaviour sanitizers
	@scripts/build asan
	@ctest --preset asan -j2

tsan: setup ## Run all tests under the thread sanitizer
	@scripts/caf-tsan
	@scripts/build tsan
	@ctest --preset tsan -j2

format: setup ## Format all sources
	@git ls-files -co --exclude-standard '*.cpp' '*.hpp' | xargs clang-format-14 -i

tidy: setup ## Check style, layers and clang-tidy
	@scripts/build dev weir_layer_proto weir_test_messages
	@tools/tidy.py --format --clang-tidy build/dev

clean: ## Remove all build folders
	rm -rf build
