# penstock: one Makefile, no recursion (the test fixtures have their own, called by `make fixtures`).
#
#   make                      build/penstock
#   make FLAVOUR=asan check   the same things under build/asan, with other flags
#   make check ROOMS="base"   only these rooms and their tests (while another room does not compile)
#   make BUILD=/tmp/b check   somewhere else
#   make CC=clang-14 BUILD=build/clang
#
# A target that needs Debian packages installs the missing ones first (tests/tools/packages).

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

FLAVOUR ?= release
ROOMS ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
KEEP ?=
prefix ?= /usr/local
DESTDIR ?=

# Parallel without being asked. make 4.3 hides a -j of the command line here, so say JOBS=1 for one at a time.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# ---------------------------------------------------------------------------------------------------------------------
# Flavours: release stands in build/, every other one in build/<flavour>/.

FLAVOURS := release faults asan coverage fuzz
ifeq ($(filter $(FLAVOUR),$(FLAVOURS)),)
$(error FLAVOUR '$(FLAVOUR)' is none of: $(FLAVOURS))
endif
BUILD ?= build
B := $(BUILD)$(if $(filter-out release,$(FLAVOUR)),/$(FLAVOUR))

ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(FLAVOUR)),clang-14,gcc)
endif
IS_CLANG := $(findstring clang,$(CC))

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
            -Wformat-security -Wundef -Wvla -Wswitch-enum -Wpointer-arith -Wwrite-strings -Werror
HARDENING := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
ifeq ($(IS_CLANG),)
WARNINGS += -Wtrampolines -Wbidi-chars=any
HARDENING += -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
endif
# -fcf-protection is for x86 only.
ifeq ($(filter x86_64 i686,$(shell uname -m)),)
HARDENING := $(filter-out -fcf-protection=full,$(HARDENING))
endif
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3

FLAGS_release := -O2 $(FORTIFY) $(HARDENING)
FLAGS_faults := -O2 $(FORTIFY) $(HARDENING) -DPENSTOCK_FAULTS
FLAGS_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DPENSTOCK_FAULTS
FLAGS_coverage := -O0 --coverage -fprofile-abs-path -DPENSTOCK_FAULTS
FLAGS_fuzz := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LINK_asan := -fsanitize=address,undefined
LINK_coverage := --coverage
LINK_fuzz := -fsanitize=address,undefined

CFLAGS := -std=gnu17 -g -fPIE $(WARNINGS) $(FLAGS_$(FLAVOUR)) $(EXTRA_CFLAGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(LINK_$(FLAVOUR)) $(EXTRA_LDFLAGS)
CPPFLAGS := -D_GNU_SOURCE -Iengine -I$(B)

# Asked for at the first use, inside a recipe, so that `packages` has already run.
LIBRARIES := libgit2 libcurl yaml-0.1 sqlite3 libuv jansson nettle
LIBRARY_CFLAGS = $(eval LIBRARY_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES)))$(LIBRARY_CFLAGS)
LIBRARY_LIBS = $(eval LIBRARY_LIBS := $(shell pkg-config --libs $(LIBRARIES)))$(LIBRARY_LIBS)

# ---------------------------------------------------------------------------------------------------------------------
# Packages, by what they are needed for.

PACKAGES_BUILD := build-essential pkg-config libgit2-dev "libcurl4-gnutls-dev|libcurl4-openssl-dev" libyaml-dev libsqlite3-dev libuv1-dev \
                  libjansson-dev nettle-dev git
PACKAGES_DEMO := haproxy libsoup-3.0-dev procps curl
PACKAGES_TEST := libcmocka-dev bats bats-assert bats-support haproxy jq sqlite3 python3 libsoup-3.0-dev shellcheck curl \
                 procps tzdata
PACKAGES_LINT := clang-format-14 shellcheck
PACKAGES_ANALYZE := cppcheck
PACKAGES_COVERAGE := gcovr
PACKAGES_FUZZ := clang-14 libclang-rt-14-dev

# ---------------------------------------------------------------------------------------------------------------------
# Sources are found, not listed.

ENGINE := $(sort $(wildcard engine/*/*.c engine/*/*/*.c))
ifneq ($(ROOMS),)
ENGINE := $(filter $(foreach room,$(ROOMS),engine/$(room)/%),$(ENGINE))
endif
MAIN := engine/main/main.c
# The model of the world is in no library: it stands in place of io, in a program of its own (docs/adr/0012).
MODEL_MAIN := engine/model/main.c
MODEL := $(filter-out $(MODEL_MAIN),$(filter engine/model/%,$(ENGINE)))
LIB_SOURCES := $(filter-out $(MAIN) $(MODEL_MAIN) $(MODEL),$(ENGINE))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(B)/obj/%.o) $(B)/obj/gen/embedded.o $(B)/obj/gen/embedded_bytes.o
MAIN_OBJECT := $(MAIN:%.c=$(B)/obj/%.o)
LIB := $(B)/libpenstock.a
# Without its command line room there is no program yet, only the library and its tests.
PROGRAM := $(if $(and $(filter $(MAIN),$(ENGINE)),$(wildcard engine/cli/*.c)),$(B)/penstock)
MODEL_OBJECTS := $(MODEL:%.c=$(B)/obj/%.o)
MODEL_MAIN_OBJECT := $(MODEL_MAIN:%.c=$(B)/obj/%.o)
MODEL_WRAPS := clock_boot_ms clock_wall_ms clock_boot_id getpid holder_start gethostname getenv malloc_trim tx_begin tx_look \
               tx_commit extract_number extract_identity
MODEL_LINK := $(MODEL_WRAPS:%=-Wl,--wrap=%)
REHEARSE := $(if $(PROGRAM),$(if $(filter $(MODEL_MAIN),$(ENGINE)),$(B)/penstock-rehearse))

UNIT_ROOMS := $(if $(ROOMS),$(ROOMS),*)
UNIT_TESTS := $(sort $(wildcard $(foreach room,$(UNIT_ROOMS),tests/unit/$(room)/test_*.c)))
CONTRACT_TESTS := $(if $(ROOMS),,$(sort $(wildcard tests/contract/test_*.c)))
# Shared by all test programs.
SUPPORT_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/support/*.c)))
# Made-up cherry-picks, and git's own answers.
PICK_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/pick/*.c)))
PICK_TESTS := $(if $(ROOMS),,$(B)/tests/pick/test_cases)
TEST_PROGRAMS := $(patsubst tests/%.c,$(B)/tests/%,$(UNIT_TESTS) $(CONTRACT_TESTS)) $(PICK_TESTS)
# The model is linked in front of the library: its io is taken, and the library's own is not. The tests of run and of the
# model are over the same world.
SIMULATION_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/simulation/*.c))) $(MODEL_OBJECTS)
SIMULATION_MAIN := $(B)/obj/tests/simulation/simulate.o
SIMULATE := $(if $(ROOMS),,$(B)/simulate)
SIMULATION_WRAPS := $(MODEL_WRAPS) bug_at lease_check journal_append project_event plan_decode drain_judge_feed \
                    machine_fold machine_next registry_traffic
SIMULATION_LINK := $(SIMULATION_WRAPS:%=-Wl,--wrap=%)
SIMULATED_TESTS := $(filter $(B)/tests/unit/run/% $(B)/tests/unit/model/%,$(TEST_PROGRAMS))
SCENARIOS := $(if $(ROOMS),,$(sort $(wildcard tests/scenario/*.bats)))
FIXTURES := $(if $(ROOMS),,$(wildcard tests/fixtures/rooms/Makefile))
# Makes records of many releases, for the tests and benchmarks of what looks back at them.
GENERATE_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/generate/*.c)))
GENERATE := $(if $(ROOMS),,$(B)/tests/generate)
CRASH_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/crash/*.c)))
# They share nothing with the engine, so the library is not linked.
ZERO_LOSS_SHARED := ledger schedule
ZERO_LOSS_load := load requests sockets wire reply frame $(ZERO_LOSS_SHARED)
ZERO_LOSS_judge := judge judge_read judge_sets judge_tell $(ZERO_LOSS_SHARED)
ZERO_LOSS := $(if $(ROOMS),,$(B)/tests/zero-loss/load $(B)/tests/zero-loss/judge)
FUZZ_TARGETS := $(if $(ROOMS),,$(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c))))
REPLAYS := $(FUZZ_TARGETS:%=$(B)/tests/fuzz/replay_%)
STARVES := $(FUZZ_TARGETS:%=$(B)/tests/fuzz/starve_%)

EMBEDDED := $(sort $(wildcard state/schema/*.sql state/queries/*.sql state/queries/*/*.sql state/views/*.sql \
                            state/project/*.sql templates/* templates/*/*))

C_FILES := $(sort $(wildcard engine/*/*.[ch] engine/*/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch]))

# ---------------------------------------------------------------------------------------------------------------------
# Building

.PHONY: all help
all: $(LIB) $(PROGRAM) $(REHEARSE) ## build the engine (default)

help: ## this list
	@echo "usage: make [target] [FLAVOUR=$(subst $() ,|,$(FLAVOURS))] [ROOMS=\"base spec\"] [BUILD=dir] [JOBS=n]"
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: packages packages-test packages-lint packages-analyze packages-coverage packages-demo packages-fuzz
packages: ; @tests/tools/packages building $(PACKAGES_BUILD)
packages-test: packages ; @tests/tools/packages testing $(PACKAGES_TEST)
packages-lint: packages-test ; @tests/tools/packages linting $(PACKAGES_LINT)
packages-analyze: packages ; @tests/tools/packages analysis $(PACKAGES_ANALYZE)
packages-coverage: packages-test ; @tests/tools/packages coverage $(PACKAGES_COVERAGE)
packages-fuzz: packages-test ; @tests/tools/packages fuzzing $(PACKAGES_FUZZ)
packages-demo: packages ; @tests/tools/packages "the demo" $(PACKAGES_DEMO)

# A stamp file that changes only when its text changes: $(call stamp,text).
.PHONY: FORCE
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' > $@

$(B)/gen/flags: FORCE | packages
	$(call stamp,$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LIBRARY_CFLAGS) $(LIBRARY_LIBS))
$(B)/gen/members: FORCE
	$(call stamp,$(LIB_OBJECTS))
$(B)/gen/version.h: FORCE | packages
	@mkdir -p $(@D); tests/tools/version > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/gen/embedded.list: FORCE
	$(call stamp,$(EMBEDDED))

$(B)/gen/embedded.c: $(B)/gen/embedded.list tests/tools/embed $(EMBEDDED)
	@tests/tools/embed table $(EMBEDDED) > $@
$(B)/gen/embedded_bytes.S: $(B)/gen/embedded.list tests/tools/embed $(EMBEDDED)
	@tests/tools/embed bytes $(EMBEDDED) > $@

$(B)/obj/gen/%.o: $(B)/gen/%.c $(B)/gen/flags | packages
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/obj/gen/%.o: $(B)/gen/%.S $(B)/gen/flags | packages
	@mkdir -p $(@D)
	@$(CC) $(filter -f%,$(CFLAGS)) -c -o $@ $<

# version.h is order-only here; the dependency files bring it to those that include it.
$(B)/obj/%.o: %.c $(B)/gen/flags | packages $(B)/gen/version.h
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CPPFLAGS) $(TEST_INCLUDES) $(LIBRARY_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/tests/%.o: TEST_INCLUDES := -Itests
# By name: a pattern without a recipe would add nothing.
$(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/*/*.c tests/*/*/*.c)): | packages-test

$(LIB): $(LIB_OBJECTS) $(B)/gen/members
	@rm -f $@
	@$(if $(IS_CLANG),ar,gcc-ar) rcs $@ $(LIB_OBJECTS)

$(B)/penstock: $(MAIN_OBJECT) $(LIB)
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(MAIN_OBJECT) $(LIB) $(LIBRARY_LIBS)

$(B)/penstock-rehearse: $(MODEL_MAIN_OBJECT) $(MODEL_OBJECTS) $(LIB)
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $(MODEL_LINK) -o $@ $(MODEL_MAIN_OBJECT) $(MODEL_OBJECTS) $(LIB) $(LIBRARY_LIBS)

$(SIMULATED_TESTS): $(B)/tests/%: $(B)/obj/tests/%.o $(filter-out $(SIMULATION_MAIN),$(SIMULATION_OBJECTS)) $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) $(SIMULATION_LINK) -o $@ $(filter %.o,$^) $(LIB) $(LIBRARY_LIBS) -lcmocka

$(B)/simulate: $(SIMULATION_OBJECTS) $(LIB)
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $(SIMULATION_LINK) -o $@ $(SIMULATION_OBJECTS) $(LIB) $(LIBRARY_LIBS)

$(filter-out $(SIMULATED_TESTS) $(PICK_TESTS),$(TEST_PROGRAMS)): $(B)/tests/%: $(B)/obj/tests/%.o $(SUPPORT_OBJECTS) $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(SUPPORT_OBJECTS) $(LIB) $(LIBRARY_LIBS) -lcmocka

$(B)/tests/pick/test_cases: $(PICK_OBJECTS) $(SUPPORT_OBJECTS) $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(PICK_OBJECTS) $(SUPPORT_OBJECTS) $(LIB) $(LIBRARY_LIBS) -lcmocka

$(B)/tests/generate: $(GENERATE_OBJECTS) $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(GENERATE_OBJECTS) $(LIB) $(LIBRARY_LIBS)

$(B)/tests/crash/crash: $(CRASH_OBJECTS) $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(CRASH_OBJECTS) $(LIB) $(LIBRARY_LIBS)

$(ZERO_LOSS): $(B)/tests/zero-loss/%: $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/zero-loss/*.c)))
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(ZERO_LOSS_$*:%=$(B)/obj/tests/zero-loss/%.o) -lm

$(REPLAYS): $(B)/tests/fuzz/replay_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/obj/tests/fuzz/replay.o $(LIB) $(LIBRARY_LIBS)

$(STARVES): $(B)/tests/fuzz/starve_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/replay.o $(B)/obj/tests/fuzz/starve.o $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=LLVMFuzzerTestOneInput -o $@ $(filter %.o,$^) $(LIB) $(LIBRARY_LIBS)

$(FUZZ_TARGETS:%=$(B)/tests/fuzz/fuzz_%): $(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(LIB) $(LIBRARY_LIBS)

-include $(SIMULATION_OBJECTS:.o=.d) $(MODEL_MAIN_OBJECT:.o=.d) $(GENERATE_OBJECTS:.o=.d) $(LIB_OBJECTS:.o=.d) $(MAIN_OBJECT:.o=.d) $(SUPPORT_OBJECTS:.o=.d) \
         $(TEST_PROGRAMS:$(B)/tests/%=$(B)/obj/tests/%.d) $(CRASH_OBJECTS:.o=.d) $(PICK_OBJECTS:.o=.d) \
         $(patsubst %.c,$(B)/obj/%.d,$(wildcard tests/zero-loss/*.c)) \
         $(FUZZ_TARGETS:%=$(B)/obj/tests/fuzz/fuzz_%.d) $(B)/obj/tests/fuzz/replay.d $(B)/obj/tests/fuzz/starve.d

.PHONY: fixtures
fixtures: | packages-test ## build the programs that tests and the demo release (tests/fixtures/rooms)
ifneq ($(FIXTURES),)
	@$(MAKE) -C tests/fixtures/rooms OUT=$(abspath $(BUILD)/fixtures) VERSION=1.0.0
endif

# ---------------------------------------------------------------------------------------------------------------------
# Testing. tests/tools/run-tests prints one line a program and 'N passed, N failed' at the end.

# Counting is slow, and what the mutations find is no other line.
SEEDS_TEST := $(if $(filter coverage,$(FLAVOUR)),60,400:mutations)
# Where the program with fault points is.
FAULTS := $(if $(filter faults coverage,$(FLAVOUR)),$(B),$(BUILD)/faults)

RUN_TESTS = PENSTOCK=$(abspath $(B)/penstock) PENSTOCK_BUILD=$(abspath $(B)) \
            PENSTOCK_FIXTURES=$(abspath $(BUILD)/fixtures) PENSTOCK_FLAVOUR=$(FLAVOUR) PENSTOCK_FAULTS=$(abspath $(FAULTS)) \
            tests/tools/run-tests -j $(JOBS) -l $(B)/test-logs

.PHONY: check test asan faults coverage lint format analyze bench demo
check: $(LIB) $(PROGRAM) $(REHEARSE) $(SIMULATE) $(TEST_PROGRAMS) $(REPLAYS) $(STARVES) $(GENERATE) fixtures packages-test ## unit and contract tests, fast scenarios
	@$(RUN_TESTS) $(TEST_PROGRAMS) $(REPLAYS) $(STARVES) $(SIMULATE:%=simulate:60) $(addprefix fast:,$(SCENARIOS))

test: $(LIB) $(PROGRAM) $(REHEARSE) $(SIMULATE) $(TEST_PROGRAMS) $(REPLAYS) $(STARVES) $(ZERO_LOSS) $(GENERATE) fixtures with-faults packages-lint ## everything: check, all scenarios, lint
	@$(RUN_TESTS) $(TEST_PROGRAMS) $(REPLAYS) $(STARVES) $(SIMULATE:%=simulate:$(SEEDS_TEST)) $(SCENARIOS) lint:tests/tools/lint

asan: ## check under address and undefined behaviour sanitizers
	@$(MAKE) FLAVOUR=asan check

faults: ## check with the fault points compiled in
	@$(MAKE) FLAVOUR=faults check

# The program with fault points and the sweep, whatever flavour is tested.
.PHONY: with-faults crash-programs crash fuzz fuzz-run
crash-programs: $(PROGRAM) $(B)/tests/crash/crash
ifeq ($(FAULTS),$(B))
with-faults: crash-programs
else
with-faults: | packages-test
	@$(MAKE) FLAVOUR=faults crash-programs
endif

SAMPLE ?= 1
crash: with-faults fixtures packages-test ## kill at every fault point, in pairs too, and resume; SAMPLE=5: each fifth
	@$(BUILD)/faults/tests/crash/crash --sample $(SAMPLE) $(abspath $(BUILD)/faults)/penstock
	@PENSTOCK=$(abspath $(BUILD)/faults)/penstock PENSTOCK_FAULTS=$(abspath $(BUILD)/faults) \
	  PENSTOCK_FIXTURES=$(abspath $(BUILD)/fixtures) BATS_LIB_PATH=/usr/lib/bats SAMPLE=$(SAMPLE) \
	  bats --filter 'whole release|two runners' tests/scenario/crash.bats

.PHONY: zero-loss
zero-loss: $(PROGRAM) $(ZERO_LOSS) fixtures packages-test ## releases under 300,000 requests lose nothing, and two bad ways do; LONG=1: 3,000,000
	@PENSTOCK=$(abspath $(B)/penstock) PENSTOCK_FIXTURES=$(abspath $(BUILD)/fixtures) \
	  ZERO_LOSS=$(abspath $(B))/tests/zero-loss tests/zero-loss/run $(if $(LONG),long,full)

# What is found is kept in the corpus of its target, so that every `make check` tries it again.
FUZZ_S ?= 60
FUZZ ?= $(FUZZ_TARGETS)
fuzz: packages-fuzz ## all fuzz targets, FUZZ_S seconds each (60); FUZZ="yaml plan": only these
	@$(MAKE) FLAVOUR=fuzz FUZZ_S=$(FUZZ_S) FUZZ="$(FUZZ)" fuzz-run
fuzz-run: $(FUZZ:%=$(B)/tests/fuzz/fuzz_%)
	@tests/fuzz/run $(B)/tests/fuzz $(FUZZ_S) $(JOBS) $(FUZZ)

lint: packages-lint ## sizes, arrows between rooms, banned functions, formatting, shell scripts
	@tests/tools/lint $(ROOMS)

format: packages-lint ## reformat all C files
	@clang-format-14 -i $(C_FILES)

analyze: packages-analyze $(B)/gen/version.h ## gcc -fanalyzer and cppcheck
	@tests/tools/analyze "$(CPPFLAGS) $(LIBRARY_CFLAGS)" $(ENGINE)

# Without kill.bats: who is killed at random, maybe while he writes down what he passed, spoils it for the others.
coverage: packages-coverage ## line coverage a room, with thresholds
	@mkdir -p $(BUILD)/coverage
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@$(MAKE) FLAVOUR=coverage SCENARIOS="$(filter-out %/kill.bats,$(SCENARIOS))" test
	@tests/tools/coverage $(BUILD)/coverage

.PHONY: simulate
simulate: $(B)/simulate ## the real engine in a made-up world, by seed: SEEDS=n, SEED=k, or MUTATIONS=1 (tests/README.md)
	@$(B)/simulate $(if $(MUTATIONS),--mutations,$(if $(SEED),--seed $(SEED) --verbose,--seeds $(or $(SEEDS),500)))

bench: all fixtures packages-test ## measure (tests/bench/run)
	@$(if $(wildcard tests/bench/run),PENSTOCK=$(abspath $(B)/penstock) PENSTOCK_BUILD=$(abspath $(B)) \
	  PENSTOCK_FIXTURES=$(abspath $(BUILD)/fixtures) tests/bench/run,echo "no benchmarks yet")

demo: all packages-demo ## a whole release on this machine; KEEP=1 leaves it running
ifneq ($(FIXTURES),)
	@$(MAKE) -C tests/fixtures/rooms OUT=$(abspath $(BUILD)/fixtures) VERSION=1.0.0
endif
	@PENSTOCK=$(abspath $(B)/penstock) PENSTOCK_BUILD=$(abspath $(B)) PENSTOCK_FIXTURES=$(abspath $(BUILD)/fixtures) \
	  KEEP=$(KEEP) tests/demo/run

# ---------------------------------------------------------------------------------------------------------------------
# The rest

.PHONY: reference
reference: all ## write docs/reference anew from the tables in the code
	@$(B)/penstock __reference commands > docs/reference/command-line.md
	@$(B)/penstock __reference project > docs/reference/project.md
	@$(B)/penstock __reference pipeline > docs/reference/pipeline.md
	@$(B)/penstock __reference audit > docs/reference/audit-views.md

.PHONY: install clean setup
install: all ## into DESTDIR/prefix (prefix=/usr/local)
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/libexec/penstock $(DESTDIR)$(prefix)/share/penstock/pipelines
	install -m 0755 $(B)/penstock $(DESTDIR)$(prefix)/bin/penstock
	$(if $(REHEARSE),install -m 0755 $(REHEARSE) $(DESTDIR)$(prefix)/libexec/penstock/penstock-rehearse)
	$(if $(wildcard pipelines/*.yaml),install -m 0644 $(wildcard pipelines/*.yaml) $(DESTDIR)$(prefix)/share/penstock/pipelines)

setup: packages-lint packages-analyze packages-coverage ## all packages, and compile_commands.json for editors
	@{ comma='['; for f in $(filter %.c,$(C_FILES)); do \
	    printf '%s\n{"directory": "%s", "file": "%s", "command": "%s"}' "$$comma" '$(CURDIR)' "$$f" \
	      '$(CC) $(CPPFLAGS) -Itests $(LIBRARY_CFLAGS) $(CFLAGS) -c '"$$f"; \
	    comma=','; done; printf '\n]\n'; } > compile_commands.json

clean: ## remove what was built
	rm -rf $(BUILD) compile_commands.json
