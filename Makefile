# connect, fakeproxy, proxyspec.  Needs a C compiler and make; there is no configure step.
#
# make            build/connect build/fakeproxy build/proxyspec
# make demo       send data through each kind of proxy and show the bytes
# make check      every test (ci/deps installs what they need)
# make static     the programs linked statically with musl, in build/static
# make install    programs and man pages below PREFIX, DESTDIR before it

CC       ?= cc
PREFIX   ?= /usr/local
BUILD    ?= build
OPT      ?= -O2
CFLAGS   ?= -g
HARDEN   ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
WARN      = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
PYTEST   ?= /usr/bin/python3 -m pytest
PARALLEL ?= -n 4 --dist loadfile
MUSL     ?= musl-gcc
sanitize  = -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer

# Of 32 bits: files above 2 GiB and times after 2038.  Of 64: nothing.
CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
ALLCFLAGS = -std=c11 $(OPT) $(WARN) $(WERROR) $(if $(SAN),$(sanitize),$(HARDEN)) $(CFLAGS)
ALLLDFLAGS = $(if $(SAN),-fsanitize=$(SAN),$(LINK) -Wl,-z,relro,-z,now) $(LDFLAGS)
LINK      = -pie
LIBS_fakeproxy = -pthread
LIBS_connect = -pthread

base_SRC      := $(wildcard src/base/*.c)
connect_SRC   := $(wildcard src/connect/*.c)
fakeproxy_SRC := $(wildcard fake-proxies/*.c)
proxyspec_SRC := $(wildcard src/proxyspec/*.c)
PROGRAMS      := $(foreach p,connect fakeproxy proxyspec,$(if $($(p)_SRC),$(BUILD)/$(p)))

obj    = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
nomain = $(filter-out %/main.o,$(call obj,$(1)))

# What was compiled in; asked of the compiler, as the program may be for another machine.
sandbox_is = printf '\#include "sandbox.h"\nSANDBOX_IS\n' | \
	$(CC) $(CPPFLAGS) -Isrc/connect $(ALLCFLAGS) -E -P -x c - 2>/dev/null | tail -n 1 | tr -d '"'

all: $(PROGRAMS)
	@echo "built: $(PROGRAMS); optional features: connect's sandbox: $$($(sandbox_is))"

# The walls between the two ends of the wire: a program sees src/base and its own folder, nothing else.
$(BUILD)/connect: $(call obj,$(connect_SRC) $(base_SRC))
$(BUILD)/fakeproxy: $(call obj,$(fakeproxy_SRC) $(base_SRC))
$(BUILD)/proxyspec: $(call obj,$(proxyspec_SRC) $(base_SRC))
$(PROGRAMS):
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLLDFLAGS) -o $@ $^ $(LIBS_$(@F)) $(LIBS)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc/base $(UINC) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: a program for each file; the first word of its name tells what it is linked with.
UNIT       := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
unit_lib   := $(call obj,$(wildcard tests/unit/lib/*.c))
with_base   = $(call obj,$(base_SRC))
with_connect = $(call nomain,$(connect_SRC))
with_fake   = $(call nomain,$(fakeproxy_SRC))
with_spec   = $(call nomain,$(proxyspec_SRC))
with_pair   = $(with_connect) $(with_fake) $(call obj,$(wildcard tests/unit/pair/*.c))
kind        = $(firstword $(subst _, ,$(notdir $(1))))
check_flags := $(shell pkg-config --cflags check 2>/dev/null)
check_libs  = $(shell pkg-config --libs check 2>/dev/null || echo -lcheck) -lpthread
ifdef OWN_CHECK # no libcheck for that machine, or none that is instrumented
unit_lib    += $(call obj,tests/unit/own/check.c)
check_flags := -Itests/unit/own
check_libs  := -lpthread
endif

$(BUILD)/obj/tests/unit/%.o: UINC = $(check_flags)
$(BUILD)/obj/tests/unit/connect_%.o: UINC = $(check_flags) -Isrc/connect
$(BUILD)/obj/tests/unit/fake_%.o: UINC = $(check_flags) -Ifake-proxies
$(BUILD)/obj/tests/unit/spec_%.o: UINC = $(check_flags) -Isrc/proxyspec
$(BUILD)/obj/tests/unit/pair_%.o: UINC = $(check_flags) -I.
$(BUILD)/obj/tests/unit/pair/client_end.o: UINC = -Isrc/connect
$(BUILD)/obj/tests/unit/pair/server_end.o: UINC = -Ifake-proxies
$(BUILD)/obj/tests/unit/lib/%.o: UINC = $(check_flags)
$(BUILD)/obj/tests/unit/own/%.o: UINC = $(check_flags)

.SECONDEXPANSION:
$(UNIT): $(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(unit_lib) $(with_base) $$(with_$$(call kind,%))
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLLDFLAGS) -o $@ $(sort $^) $(check_libs) $(LIBS)

# Fuzz targets: a program for each tests/fuzz/*_*.c, linked as the unit tests are.  FUZZER: with libFuzzer's main
# (clang), else with one that reads files.
FUZZ       := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_*.c))
fuzz_lib   := $(call obj,$(wildcard tests/fuzz/lib/*.c) $(if $(FUZZER),,tests/fuzz/corpus.c))

$(BUILD)/obj/tests/fuzz/connect_%.o: UINC = -Itests/fuzz -Isrc/connect
$(BUILD)/obj/tests/fuzz/fake_%.o: UINC = -Itests/fuzz -Ifake-proxies
$(BUILD)/obj/tests/fuzz/spec_%.o: UINC = -Itests/fuzz -Isrc/proxyspec
$(BUILD)/obj/tests/fuzz/pair_%.o: UINC = -Itests/fuzz -I.
$(FUZZ): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(fuzz_lib) $(with_base) $$(with_$$(call kind,%))
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLLDFLAGS) -o $@ $(sort $^) $(if $(FUZZER),-fsanitize=fuzzer) -lpthread $(LIBS)

$(BUILD)/echo: ci/echo.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALLCFLAGS) $(ALLLDFLAGS) -o $@ $<

$(BUILD)/bench-one: ci/bench-one.c ci/bench-responder.c ci/bench-one.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALLCFLAGS) $(ALLLDFLAGS) -o $@ ci/bench-one.c ci/bench-responder.c

demo: $(BUILD)/connect $(BUILD)/fakeproxy $(BUILD)/echo
	@BUILD=$(BUILD) ci/demo

unit-programs: $(UNIT)

unit: $(UNIT)
	@test -n "$(UNIT)" || { echo "no unit tests"; exit 1; }
	@set -e; for t in $(UNIT); do $$t; done

e2e: all
	$(PYTEST) -q $(PARALLEL) tests/e2e

fake: all
	$(PYTEST) -q $(PARALLEL) tests/fakeproxy

.PHONY: spec
spec: all
	$(PYTEST) -q $(PARALLEL) tests/proxyspec

.PHONY: hostile
hostile: all
	$(PYTEST) -q $(PARALLEL) tests/hostile

check: unit e2e fake spec hostile

slow: all
	$(PYTEST) -q -m slow tests/e2e tests/fakeproxy
	$(PYTEST) -q -m slow tests/proxyspec

fuzz-programs: $(FUZZ)

# Ten seconds for each target; an hour for each with fuzz-long.
fuzz:
	ci/fuzz $(or $(SECONDS),10)

fuzz-long:
	ci/fuzz $(or $(SECONDS),3600)

# Each system call fails once: tests/faults.
$(BUILD)/faults.so: tests/faults/shim.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O1 -fPIC -shared $(WARN) $(WERROR) -o $@ $< -ldl

faults: all $(BUILD)/faults.so
	BUILD=$(abspath $(BUILD)) $(PYTEST) -q tests/faults

# A thousand sessions at once, with faults, for SECONDS: tests/soak.
soak: all
	BUILD=$(abspath $(BUILD)) SECONDS=$(or $(SECONDS),600) tests/soak/run

fuzz-corpus: $(FUZZ)
	@BUILD=$(BUILD) ci/fuzz-corpus

mutants-only: all
	tests/mutants/run

mutants: mutants-only
	tests/fakeproxy/detects.py

conform: all
	BUILD=$(BUILD) ci/conform

# N=100 repeats; LOAD=1 keeps the processors busy meanwhile; CONFORM="--delivery whole" and the like
conform-repeat: all
	BUILD=$(BUILD) ci/conform --repeat $(or $(N),100) $(if $(LOAD),--load) $(CONFORM)

score: all
	ci/score

# Every trace against other people's servers and clients, each in namespaces of its own: docs/matrix.{json,md,html}
matrix: all
	@s=0; ci/matrix || s=$$?; ci/matrix_page.py && exit $$s

.PHONY: matrix-page page
matrix-page:
	ci/matrix_page.py

# The page in a browser; build/matrix.png and build/matrix-phone.png are what it looks like
page:
	BUILD=$(abspath $(BUILD)) $(PYTEST) -q tests/page

matrix-check:
	ci/matrix --check

lint:
	ci/lint

docker:
	BUILD=$(BUILD) ci/docker/run

tidy:
	ci/analyse

# What the tests reach (docs/RELIABILITY.md).
coverage:
	@mkdir -p $(BUILD)/cov
	$(CC) -std=c11 $(WARN) -DCOVERAGE_DIR=$(abspath $(BUILD)/cov) -fPIE -c -o $(BUILD)/cov/exit.o ci/coverage_exit.c
	$(MAKE) BUILD=$(BUILD)/cov OPT=-O0 HARDEN=-fPIE CFLAGS="-g --coverage" LIBS=$(BUILD)/cov/exit.o \
		all fuzz-programs unit-programs
	BUILD=$(BUILD)/cov ci/coverage

valgrind: all unit-programs
	BUILD=$(BUILD) ci/valgrind

# Other machines: big-endian of 64 bits, little-endian of 32, under qemu-user.
cross:
	ci/cross

# The static programs are measured, too, where build/static has them (make static).
bench: all $(BUILD)/bench-one
	PYTHONDONTWRITEBYTECODE=1 ci/bench
	ci/bench-fakeproxy

asan:
	$(MAKE) BUILD=$(BUILD)/asan SAN=address,undefined OPT=-O1 all unit

# Reads of what was never written: MSAN="unit self" are parts of ci/msan.  libcheck is not instrumented: OWN_CHECK.
msan:
	@mkdir -p $(BUILD)/msan
	clang -std=c11 -O1 -g -fPIE $(WARN) -Werror -fsanitize=memory -DMSAN_REPORTS='"$(abspath $(BUILD))/msan/reports"' \
		-c -o $(BUILD)/msan/shim.o tests/msan/shim.c
	$(MAKE) BUILD=$(BUILD)/msan CC=clang SAN=memory OPT=-O1 OWN_CHECK=1 CFLAGS="-g -fsanitize-memory-track-origins" \
		LIBS="$(BUILD)/msan/shim.o @tests/msan/link" all unit-programs fuzz-programs
	BUILD=$(BUILD)/msan ci/msan $(MSAN)

# Programs that need nothing where they run: linked statically with musl, in build/static.  musl has none of the kernel's
# headers, which proxyspec wants; those of the system come last.
KERNEL_HEADERS = $(addprefix -idirafter ,/usr/include /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null))
static:
	@command -v $(MUSL) >/dev/null || \
		{ echo "make static: there is no $(MUSL) here (Debian: musl-tools; or MUSL=...)" >&2; exit 1; }
	$(MAKE) BUILD=$(BUILD)/static CC=$(MUSL) LINK=-static CFLAGS="$(CFLAGS) $(KERNEL_HEADERS)" all

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 docs/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/proxyspec
	cp -R fixtures src/proxyspec/profiles $(DESTDIR)$(PREFIX)/share/proxyspec/
	for f in docs/*.5; do test ! -f $$f || install -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man5; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

.PHONY: all demo unit e2e fake check slow mutants mutants-only conform conform-repeat score matrix matrix-check lint docker bench asan static install clean
.PHONY: tidy coverage valgrind msan cross faults soak fuzz fuzz-long fuzz-corpus fuzz-programs unit-programs
.SECONDARY:
