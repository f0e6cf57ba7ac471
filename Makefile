# connect, fakeproxy, proxyspec.  Needs a C compiler and make; no configure step.
# make              build/connect build/fakeproxy build/proxyspec
# make demo         send data through each kind of proxy and show the bytes
# make check        every test (ci/deps installs what they need)
# make install      programs and man pages below PREFIX

CC       ?= cc
PREFIX   ?= /usr/local
BUILD    ?= build
OPT      ?= -O2
HARDEN   ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
WARN      = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
WERROR   ?=
CPPFLAGS += -D_GNU_SOURCE
CFLAGS   ?= -g
ALLCFLAGS = -std=c11 $(OPT) $(WARN) $(WERROR) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all,$(HARDEN)) $(CFLAGS)
ALLLDFLAGS = $(if $(SAN),-fsanitize=$(SAN),-pie -Wl,-z,relro,-z,now) $(LDFLAGS)
PYTEST   ?= /usr/bin/python3 -m pytest

base_SRC      := $(wildcard src/base/*.c)
connect_SRC   := $(wildcard src/connect/*.c)
fakeproxy_SRC := $(wildcard fake-proxies/*.c)
proxyspec_SRC := $(wildcard src/proxyspec/*.c)
unit_SRC      := $(wildcard tests/unit/*.c)
PROGRAMS      := $(foreach p,connect fakeproxy proxyspec,$(if $($(p)_SRC),$(BUILD)/$(p)))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

# The walls between the two ends of the wire: a program sees src/base and its own folder, nothing else.
inc_src/base      = -Isrc/base
inc_src/connect   = -Isrc/base
inc_src/proxyspec = -Isrc/base
inc_fake-proxies  = -Isrc/base
inc_tests/unit    = -Isrc/base -I. $(shell pkg-config --cflags check 2>/dev/null)

all: $(PROGRAMS)
	@echo "built: $(PROGRAMS)"

$(BUILD)/connect: $(call obj,$(connect_SRC) $(base_SRC))
$(BUILD)/fakeproxy: $(call obj,$(fakeproxy_SRC) $(base_SRC))
$(BUILD)/proxyspec: $(call obj,$(proxyspec_SRC) $(base_SRC))
$(PROGRAMS):
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLLDFLAGS) -o $@ $^ $(LIBS) $(LIBS_$(@F))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(inc_$(patsubst %/,%,$(dir $<))) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
