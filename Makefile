# SPDX-License-Identifier: GPL-2.0-or-later
# `make demo` and `make check` install what they need; `make` and `make install` never do.

PREFIX ?= /usr
SYSCONFDIR ?= /etc
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
DATADIR = $(PREFIX)/share
# Of libraries alone: /usr/lib/x86_64-linux-gnu of Debian, /usr/lib64 of Fedora.
SOLIBDIR ?= $(LIBDIR)
INCLUDEDIR = $(PREFIX)/include
# Where the Python of the system looks below $(PREFIX); empty without one, and then the module is left out.
PYTHON ?= /usr/bin/python3
ifndef PYTHONDIR
PYTHONDIR := $(shell $(PYTHON) -I -c 'import sys, sysconfig; lib = sys.argv[1] + "/lib/python3"; \
	places = [place for place in sys.path if place.startswith(lib) and place.endswith("-packages")]; \
	print(places[0] if places else sysconfig.get_path("purelib", "posix_prefix", {"base": sys.argv[1]}))' \
	$(PREFIX) 2>/dev/null)
endif
SONAME = libvfioboot.so.0
UNITDIR = $(LIBDIR)/systemd/system

CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
WARNINGS = -Wall -Wextra -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla
BASE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -Ibuild $(WARNINGS)
# Each object's .d file names the headers that it was made with.
DEPENDS = -MMD -MP

# vfioboot-early is made of these and src/early; all but src/early is in the host program.
EARLY_SHARED = $(sort $(wildcard src/decide/*.c) $(patsubst %,src/base/%.c,child cmdline \
	file pcibars pciname sysfs text) $(patsubst %,src/bind/%.c,bind driver log record settings virtual word))
HOST_SRC = $(sort $(filter-out src/early/% src/guests/%,$(wildcard src/*/*.c src/*/*/*.c)))
TESTS = $(patsubst tests/unit/%.c,build/tests/%,$(sort $(wildcard tests/unit/test_*.c)))

HOST_LIBS = mount blkid smartcols libudev libkmod json-c libarchive libsystemd libxml-2.0

# Says what is made; V=1 shows the commands.
Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)  $@")
pkg = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
HOST_CFLAGS := $(call pkg,--cflags inih $(HOST_LIBS))
HOST_LDLIBS := $(call pkg,--libs inih $(HOST_LIBS))

NEEDED = on Debian: apt install gcc make pkg-config musl-tools libinih-dev libblkid-dev libmount-dev \
	libsmartcols-dev libudev-dev libkmod-dev libjson-c-dev libarchive-dev libsystemd-dev libxml2-dev

# ---- vfioboot-early: static where it can be -------------------------------------------

STRIP ?= strip
MUSL_CC ?= $(shell command -v musl-gcc)
INIH_A := $(shell $(PKG_CONFIG) --variable=libdir inih 2>/dev/null)/libinih.a
# Small: at a fixed address, and its data not moved to a page of the file of its own.  Few pages: what
# is small in .bss lies side by side, since by name the C library's, which have no names, are first.
EARLY_CFLAGS = -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -flto
EARLY_LDFLAGS = -Wl,--gc-sections,-z,noseparate-code,-s

ifeq ($(wildcard $(INIH_A)),)
EARLY_KIND = dynamic (there is no static libinih; images must then hold its library)
EARLY_CC = $(CC)
EARLY_SRC = src/early/main.c src/early/guard.c
EARLY_LIBS = $(call pkg,--libs inih)
else ifneq ($(MUSL_CC),)
EARLY_KIND = static, musl
EARLY_CC = $(MUSL_CC) -Ibuild/include -static -fno-pie -no-pie
EARLY_SRC = src/early/main.c src/early/guard.c src/early/inih_libc.c src/early/vfprintf.c
EARLY_LDFLAGS += -Wl,-z,norelro,-z,common-page-size=1024,--sort-section=name
EARLY_LIBS = $(INIH_A)
else
EARLY_KIND = static, glibc (there is no musl-gcc; the program is some ten times larger)
EARLY_CC = $(CC) -static
EARLY_SRC = src/early/main.c src/early/guard.c
EARLY_LIBS = $(INIH_A)
endif

EARLY_HEADERS = $(wildcard src/base/*.h src/decide/*.h src/bind/*.h src/early/*.h)

# What asks libvirt, where that is: a program of its own.
VM_LIBS = libvirt
VM_LDLIBS := $(call pkg,--libs $(VM_LIBS))
VM = $(if $(VM_LDLIBS),build/vfioboot-vm)

.PHONY: all
all: build/vfioboot-early build/vfioboot build/$(SONAME) $(VM)

# musl-gcc looks at musl's headers alone; this one is inih's.
build/include/ini.h:
	$(if $(call pkg,--cflags-only-I --libs inih),,$(error inih is missing: $(NEEDED)))
	@mkdir -p $(@D)
	$(Q)cp "$(call pkg,--variable=includedir inih)/ini.h" $@

build/vfioboot-early: $(EARLY_SHARED) $(EARLY_SRC) $(EARLY_HEADERS) build/include/ini.h Makefile
	@echo "  CC  $@: $(EARLY_KIND)"
	$(Q)$(EARLY_CC) $(BASE_CFLAGS) $(WERROR) $(EARLY_CFLAGS) $(EARLY_LDFLAGS) -o $@ \
		$(EARLY_SRC) $(EARLY_SHARED) $(EARLY_LIBS)
	$(Q)$(STRIP) --remove-section=.comment $@

# ---- vfioboot: the host program ---------------------------------------------------------

# What the host program has to know of where it is installed.  Written when that changes, so that
# `make install PREFIX=` after another `make` links a program that knows it.
build/paths.h: FORCE
	@mkdir -p $(@D)
	@echo "$$PATHS" | cmp -s - $@ || echo "$$PATHS" >$@

define PATHS
#define PATHS_LIBDIR "$(LIBDIR)/vfioboot"
#define PATHS_PROGRAM "$(BINDIR)/vfioboot"
endef
export PATHS

.PHONY: FORCE
FORCE:

# Objects on the way to a test are kept, as all are.
.SECONDARY:

# Of the program and of the library: to be at any address costs the former nothing that can be measured.
# What the library does not call, it does not have.
SHARED_CFLAGS = -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections

# objects DIRECTORY COMPILER FLAGS: how the objects of one kind are made, and of them the archive
# that tests link with: all but the commands, and what tests share.
define objects
$(1)/%.o: src/%.c Makefile | build/paths.h
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$(2) $$(BASE_CFLAGS) $$(WERROR) $$(CPPFLAGS) $(3) $$(SHARED_CFLAGS) $$(DEPENDS) $$(HOST_CFLAGS) -c -o $$@ $$<

$(1)/tests/%.o: tests/%.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$(2) $$(BASE_CFLAGS) $$(WERROR) $(3) $$(DEPENDS) $$(HOST_CFLAGS) -c -o $$@ $$<

$(1)/libtest.a: $$(TEST_SRC:tests/%.c=$(1)/tests/%.o) \
		$$(patsubst src/%.c,$(1)/%.o,$$(filter-out $$(wildcard src/cli/*.c),$$(HOST_SRC)))
	@rm -f $$@
	$$(call say,AR)
	$$(Q)$$(AR) rcs $$@ $$^
endef
TEST_SRC = $(filter-out %_main.c,$(wildcard tests/lib/*.c)) $(wildcard tests/unit/support.c)

$(eval $(call objects,build,$$(CC),$$(CFLAGS)))

# Without what the early program alone calls, such as binding, which has 8 MB of static memory.
build/vfioboot: $(patsubst src/%.c,build/%.o,$(HOST_SRC))
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections -o $@ $^ $(HOST_LDLIBS)

# ---- the library: what src/library needs of the folders below it, of which its header is exported ----

LIBRARY_SRC = $(filter src/library/%,$(HOST_SRC))
LIBRARY_MAP = src/library/libvfioboot.map

build/below-library.a: $(patsubst src/%.c,build/%.o,$(filter-out src/cli/% src/capture/% src/library/%,$(HOST_SRC)))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

build/$(SONAME): $(patsubst src/%.c,build/%.o,$(LIBRARY_SRC)) build/below-library.a $(LIBRARY_MAP)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME),--version-script,$(LIBRARY_MAP) \
		-Wl,--gc-sections,--no-undefined,--as-needed -o $@ $(filter %.o %.a,$^) $(HOST_LDLIBS)

define PC
prefix=$(PREFIX)
includedir=$(INCLUDEDIR)
libdir=$(SOLIBDIR)

Name: vfioboot
Description: Which PCI devices can be given to virtual machines, and what the next boot does
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lvfioboot
endef
export PC

build/vfioboot.pc: FORCE
	@mkdir -p $(@D)
	@echo "$$PC" | cmp -s - $@ || echo "$$PC" >$@

build/vfioboot-vm: build/guests/main.o
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(VM_LDLIBS)

# ---- installing --------------------------------------------------------------------------

define newline


endef
MANUAL = $(foreach page,$(sort $(wildcard man/*.[1-9])),$(newline)0644 $(page) \
	$(DATADIR)/man/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)))
MODULE = $(if $(PYTHONDIR),$(foreach file,$(sort $(wildcard python/vfioboot/*.py)) python/vfioboot/py.typed,\
	$(newline)0644 $(file) $(PYTHONDIR)/$(file:python/%=%)))
SCHEMAS = $(foreach schema,$(sort $(wildcard schema/*/*.json)),$(newline)0644 $(schema) \
	$(DATADIR)/vfioboot/$(schema))

TMPFILES = $(LIBDIR)/tmpfiles.d/vfioboot.conf

# What is installed, and where: mode, file in the tree, file on the system. In what is text the
# names of the two programs become those of $(PREFIX).
define INSTALLED
0755 build/vfioboot-early $(LIBDIR)/vfioboot/vfioboot-early
0755 build/$(SONAME) $(SOLIBDIR)/$(SONAME)
0644 build/vfioboot.pc $(SOLIBDIR)/pkgconfig/vfioboot.pc
0644 include/vfioboot.h $(INCLUDEDIR)/vfioboot.h
0755 build/vfioboot $(BINDIR)/vfioboot$(if $(VM),$(newline)0755 $(VM) $(LIBDIR)/vfioboot/vfioboot-vm)
0755 libvirt/libvirt-hook $(LIBDIR)/vfioboot/libvirt-hook
0755 dracut/50vfioboot/module-setup.sh $(LIBDIR)/dracut/modules.d/50vfioboot/module-setup.sh
0755 dracut/50vfioboot/vfioboot.sh $(LIBDIR)/dracut/modules.d/50vfioboot/vfioboot.sh
0755 initramfs-tools/hooks/vfioboot $(DATADIR)/initramfs-tools/hooks/vfioboot
0755 initramfs-tools/scripts/init-top/00-vfioboot $(DATADIR)/initramfs-tools/scripts/init-top/00-vfioboot
0644 mkinitcpio/install/vfioboot $(LIBDIR)/initcpio/install/vfioboot
0644 mkinitcpio/hooks/vfioboot $(LIBDIR)/initcpio/hooks/vfioboot
0755 mkinitcpio/post/vfioboot $(LIBDIR)/initcpio/post/vfioboot
0644 mkinitcpio/mkinitcpio.conf.d/vfioboot.conf $(SYSCONFDIR)/mkinitcpio.conf.d/vfioboot.conf
0755 grub.d/11_linux_passthrough $(SYSCONFDIR)/grub.d/11_linux_passthrough
0755 kernel-install/91-vfioboot.install $(LIBDIR)/kernel/install.d/91-vfioboot.install
0644 systemd/vfioboot-early.service $(UNITDIR)/vfioboot-early.service
0644 systemd/vfioboot.service $(UNITDIR)/vfioboot.service
0644 systemd/vfioboot-confirm.service $(UNITDIR)/vfioboot-confirm.service
0644 systemd/vfioboot-settle.service $(UNITDIR)/vfioboot-settle.service
0644 udev/60-vfioboot.rules $(LIBDIR)/udev/rules.d/60-vfioboot.rules
0644 tmpfiles.d/vfioboot.conf $(TMPFILES)
0644 examples/vfioboot.conf $(DATADIR)/doc/vfioboot/examples/vfioboot.conf
0644 completions/bash/vfioboot $(DATADIR)/bash-completion/completions/vfioboot
0644 completions/bash/vfioboot-early $(DATADIR)/bash-completion/completions/vfioboot-early
0644 completions/zsh/_vfioboot $(DATADIR)/zsh/site-functions/_vfioboot
0644 completions/fish/vfioboot.fish $(DATADIR)/fish/vendor_completions.d/vfioboot.fish
0644 completions/fish/vfioboot-early.fish $(DATADIR)/fish/vendor_completions.d/vfioboot-early.fish$(MANUAL)$(SCHEMAS)$(MODULE)
endef
export INSTALLED

# Which unit starts which: directory of links and link.
WANTS = sysinit.target.wants/vfioboot.service sysinit.target.wants/vfioboot-confirm.service \
	multi-user.target.wants/vfioboot-settle.service

# What programs are linked with by that name, and run with by the other.
LIBRARY_LINK = $(SOLIBDIR)/libvfioboot.so

.PHONY: install
install: all build/vfioboot.pc
	@echo "$$INSTALLED" | while read -r mode from to; do \
		install -D -m "$$mode" "$$from" "$(DESTDIR)$$to" || exit 1; \
		case $$from in build/*) ;; *) sed -i -e 's|/usr/lib/vfioboot/|$(LIBDIR)/vfioboot/|g' \
			-e 's|/usr/share/vfioboot/|$(DATADIR)/vfioboot/|g' \
			-e 's|/usr/bin/vfioboot|$(BINDIR)/vfioboot|g' "$(DESTDIR)$$to" || exit 1 ;; \
		esac; done
	@ln -sfn $(SONAME) "$(DESTDIR)$(LIBRARY_LINK)"
	@for link in $(WANTS); do \
		mkdir -p "$(DESTDIR)$(UNITDIR)/$${link%/*}" || exit 1; \
		ln -sfn "../$${link##*/}" "$(DESTDIR)$(UNITDIR)/$$link" || exit 1; done
	@[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemd-tmpfiles --create "$(TMPFILES)"

# The configuration stays: it is its owner's.
.PHONY: uninstall
uninstall:
	@echo "If you did not run 'vfioboot undo' before this, the entries in the boot menu and the"
	@echo "configuration in $(SYSCONFDIR) remain, and so does vfioboot in initramfs images until they are rebuilt."
	@echo "$$INSTALLED" | while read -r mode from to; do rm -f "$(DESTDIR)$$to"; done
	@rm -f "$(DESTDIR)$(LIBRARY_LINK)"
	@for link in $(WANTS); do rm -f "$(DESTDIR)$(UNITDIR)/$$link"; done
	@rm -rf "$(DESTDIR)$(COCKPIT_DIR)" "$(DESTDIR)$(PYTHONDIR)/vfioboot/__pycache__"
	@-rmdir "$(DESTDIR)$(LIBDIR)/vfioboot" "$(DESTDIR)$(LIBDIR)/dracut/modules.d/50vfioboot" \
		"$(DESTDIR)$(DATADIR)/vfioboot/schema"/* "$(DESTDIR)$(DATADIR)/vfioboot/schema" \
		"$(DESTDIR)$(DATADIR)/vfioboot" "$(DESTDIR)$(DATADIR)/doc/vfioboot/examples" \
		"$(DESTDIR)$(DATADIR)/doc/vfioboot" "$(DESTDIR)$(PYTHONDIR)/vfioboot" 2>/dev/null

# ---- the page in Cockpit ----------------------------------------------------------------

# Its style sheet is PatternFly's: from npm, or in the archive of `make dist`.
COCKPIT_DIR = $(DATADIR)/cockpit/vfioboot
COCKPIT_CSS = $(or $(wildcard cockpit/patternfly.css),build/cockpit/patternfly.css)
COCKPIT_FILES = $(COCKPIT_CSS) $(sort $(filter-out cockpit/patternfly.css,$(wildcard cockpit/*.js \
	cockpit/*.css cockpit/*.html cockpit/*.json cockpit/*.LICENSE)))

.PHONY: cockpit
cockpit: $(COCKPIT_FILES)

build/cockpit/patternfly.css: cockpit/patternfly cockpit/npm-archive
	@mkdir -p $(@D)
	$(call say,NPM)
	$(Q)cockpit/patternfly $@

.PHONY: install-cockpit
install-cockpit: cockpit
	@install -d "$(DESTDIR)$(COCKPIT_DIR)"
	@install -m 0644 $(COCKPIT_FILES) "$(DESTDIR)$(COCKPIT_DIR)"

# ---- packages -------------------------------------------------------------------------------

VERSION := $(shell sed -n 's/.*VFIOBOOT_VERSION "\(.*\)".*/\1/p' src/base/version.h)
ARCHIVE = build/vfioboot-$(VERSION).tar.gz

# What is committed, and the page's style sheet, so that no build needs a network; as an archive of
# which each build is the same.
.PHONY: dist
dist: $(COCKPIT_CSS)
	@mkdir -p build
	$(Q)git archive --prefix=vfioboot-$(VERSION)/cockpit/ --add-file=$(COCKPIT_CSS) \
		--prefix=vfioboot-$(VERSION)/ HEAD | gzip -9n >$(ARCHIVE)
	@cd build && sha256sum $(notdir $(ARCHIVE))

# What a release has beside the packages that distributions build: to be signed as SHA256SUMS.asc.
.PHONY: release
release:
	@tests/install-packages packages.npm
	@$(MAKE) --no-print-directory dist
	$(Q)packaging/sbom $(ARCHIVE) >$(ARCHIVE:.tar.gz=.spdx.json)
	@cd build && sha256sum vfioboot-$(VERSION).tar.gz vfioboot-$(VERSION).spdx.json | tee SHA256SUMS

# In build/packages; RELEASES are those of Debian to build for.
RELEASES = bookworm trixie sid
PACKAGES = deb rpm arch
.PHONY: packages $(PACKAGES)
packages: $(PACKAGES)
$(PACKAGES):
	@tests/install-packages packages.npm
	@$(MAKE) --no-print-directory dist
	@packaging/build $(ARCHIVE) build/packages $@ $(if $(filter deb,$@),$(RELEASES))

.PHONY: clean
clean:
	rm -rf build

# ---- checking -----------------------------------------------------------------------------

RESULTS = build/results
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Compiled faster than it runs slower; warnings of the optimizer come from the plain build.
TEST_CFLAGS = -O0 -g $(SANITIZE)
TEST_LIBS := $(call pkg,--libs cmocka) $(HOST_LDLIBS)
# There are some eighty programs of tests, which gold links in a third of the time where it is.
TEST_LDFLAGS := $(if $(shell command -v ld.gold),-fuse-ld=gold)

$(eval $(call objects,build/sanitized,$$(CC),$$(TEST_CFLAGS)))

FUZZERS = $(patsubst tests/fuzz/%.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

# unit_tests DIRECTORY OBJECTS FLAGS: the unit tests, linked with the objects of one kind.
define unit_tests
# The kernel that answers in test_bind is simulated: it gets what is written to the tree.
$(1)/test_bind: WRAP = $$(foreach function,sysfs_write_override sysfs_write_probe \
	sysfs_write_unbind sysfs_write_attribute sysfs_has_driver child_run_shared \
	child_now,-Wl,--wrap=$$(function))
$(1)/test_log: WRAP = -Wl,--wrap=sysfs_open_kmsg
$(1)/test_settings: WRAP = -Wl,--wrap=sysfs_write_attribute
# systemd is played at the other end of a socket.
$(1)/test_units: WRAP = $$(foreach function,sd_bus_set_address sd_bus_open_system \
	sd_session_get_type,-Wl,--wrap=$$(function))
# Device nodes, and processes of others, are played.
$(1)/test_holders: WRAP = -Wl,--wrap=statx,--wrap=openat,--wrap=child_now
$(1)/test_native: WRAP = -Wl,--wrap=kmod_module_new_from_name \
	-Wl,--wrap=kmod_module_probe_insert_module -Wl,--wrap=kmod_module_remove_module
$(1)/test_consoles: WRAP = -Wl,--wrap=sysfs_write_console,--wrap=sysfs_write_platform_unbind
# The machine of test_handover is played as a whole.
$(1)/test_handover: WRAP = $$(foreach function,sysfs_write_override sysfs_write_probe \
	sysfs_write_unbind sysfs_write_attribute driver_load child_run child_run_shared native_is_loaded native_unload \
	native_load units_open units_close units_is_active units_find_stops units_stop units_start units_watch \
	units_run units_cancel syslog holders_read holders_wait consoles_find consoles_bind \
	protect_list_trace facts_usage state_write,-Wl,--wrap=$$(function))
# ukify is played.
$(1)/test_apply: WRAP = -Wl,--wrap=run_last_line
# The calls that open files are counted.
$(1)/test_kernel_params $(1)/test_file: WRAP = -Wl,--wrap=syscall

# A fuzz target's functions by the name of its file.
$(1)/targets/%.o: $(2)/tests/fuzz/%.o
	@mkdir -p $$(@D)
	$$(Q)objcopy --redefine-sym LLVMFuzzerTestOneInput=$$* --redefine-sym LLVMFuzzerInitialize=$$*_begin $$< $$@

$(1)/test_corpus: $(FUZZERS:build/fuzz/%=$(1)/targets/%.o) $(2)/tests/fuzz/check.o

# What a program has of the library, and no more: all that follows it is the tests' own.
$(1)/test_library: $(2)/tests/unit/test_library.o build/$$(SONAME) $(2)/libtest.a
	@mkdir -p $$(@D)
	$$(call say,LD)
	$$(Q)$$(CC) $(3) $(TEST_LDFLAGS) -o $$@ $$(filter %.o %.so.0 %.a,$$^) -Wl,-rpath,'$$$$ORIGIN/..' $$(TEST_LIBS)

$(1)/%: $(2)/tests/unit/%.o $(2)/libtest.a
	@mkdir -p $$(@D)
	$$(call say,LD)
	$$(Q)$$(CC) $(3) $(TEST_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(WRAP) $$(TEST_LIBS)
endef
$(eval $(call unit_tests,build/tests,build/sanitized,$$(TEST_CFLAGS)))
$(eval $(call unit_tests,build/unit,build,$$(CFLAGS)))

build/sanitized/vfioboot-early: build/sanitized/early/main.o build/sanitized/early/guard.o \
		$(patsubst src/%.c,build/sanitized/%.o,$(EARLY_SHARED))
	$(call say,LD)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

build/sanitized/vfioboot: $(HOST_SRC:src/%.c=build/sanitized/%.o)
	$(call say,LD)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

# Packages first, and then a make that sees them.
CHECKS = check check-all check-ansible check-cockpit check-quick demo picture bench fuzz
.PHONY: $(CHECKS)
$(CHECKS):
	@tests/install-packages $(if $(filter check-all check-cockpit,$@),packages.cockpit packages.npm) \
		$(if $(filter check-all check-ansible,$@),packages.ansible)
	@$(MAKE) --no-print-directory -j"$$(nproc)" WERROR=-Werror run-$@

.PHONY: lint
lint: build/vfioboot-early
	@tests/lint

# One suite each.  tests/run keeps what it says, for the summary at the end.
# Files side by side, each one's tests one after another: to start them so takes half the time. Some
# wait more than they work, and the longest files are first.
CLI_LONG = $(patsubst %,tests/cli/%.bats,plan try entry check status vfioboot)
CLI_TOOLS = build/tests/compose build/tests/bootfiles build/tests/dialogue build/tests/answers
CLI_FILES = $(CLI_LONG) $(filter-out $(CLI_LONG),$(sort $(wildcard tests/cli/*.bats)))
CLI_TESTS = bats --tap --no-parallelize-within-files --jobs "$$((2 * $$(nproc)))" $(CLI_FILES)
suite_lint = @tests/run --beside $(RESULTS) lint tests/lint
suite_unit = @for test in $(1); do \
	CMOCKA_MESSAGE_OUTPUT=TAP tests/run --beside $(RESULTS) $${test\#\#*/} $$test; done
suite_cli = @EARLY=$(1)/vfioboot-early VFIOBOOT=$(1)/vfioboot ANSWERS=$(2) \
	tests/run --in-memory $(RESULTS) cli$(subst /,-,$(1:build%=%)) $(CLI_TESTS)
# What the tests of the command line were answered with --json.
ANSWERS = $(CURDIR)/$(RESULTS)/answers
suite_python = @PYTHON=$(PYTHON) VFIOBOOT=build/vfioboot tests/run --beside $(RESULTS) python tests/python/run
suite_schemas = @tests/run $(RESULTS) schemas tests/schemas $(1) $(ANSWERS)

# side_by_side CHECK PROGRAMS UNIT-TESTS BUILD [OPTION-OF-BATS]: CHECK-suites.  That of the command line,
# with the programs in BUILD, is the longest, and prints as it goes; of the others each prints when it is over.
define side_by_side
.PHONY: $(1)-suites $(1)-results $(1)-cli $(1)-lint $(1)-unit $(1)-python
$(1)-suites: $(1)-cli $(1)-lint $(1)-unit $(1)-python
$(1)-results: $(2)
	@rm -rf $$(RESULTS)
$(1)-cli: $(1)-results
	$$(call suite_cli,$(4),$$(ANSWERS)) $(5)
$(1)-lint: $(1)-results
	$$(suite_lint)
$(1)-unit: $(1)-results
	$$(call suite_unit,$(3))
$(1)-python: $(1)-results
	$$(suite_python)
endef

# `make check-all` in parts, for machines that work side by side: SHARD=1/6 to 6/6, each at most an hour
# with two cores.  What is no boot is in the first, but the page in Cockpit; boots say it by their tags.
SHARD_COUNT = 6
SHARDS := $(foreach shard,$(shell seq $(SHARD_COUNT)),$(shard)/$(SHARD_COUNT))
SHARD_NUMBER = $(SHARD:%/$(SHARD_COUNT)=%)
FIRST_SHARD = $(filter 1,$(or $(SHARD_NUMBER),1))
COCKPIT_SHARD = $(filter 2,$(or $(SHARD_NUMBER),2))
ifneq ($(SHARD),)
$(if $(filter $(SHARD),$(SHARDS)),,$(error SHARD is one of $(SHARDS)))
endif

# `make check` runs each test of the command line once: with the sanitizer, but for those that are slow. In
# `make check-all` all of them run, with and without it. The plain tests run no program of the build that they
# are given: scripts, or the plain build in a root without /proc.
not_slow = --filter-tags '!slow'
not_plain = --filter-tags '!plain$(1)'
slow_or_plain = --filter-tags slow --filter-tags plain

# Roots for guests are made while other tests run.
prepare_boots = @mkdir -p $(RESULTS) && { tests/boot/run --prepare >$(RESULTS)/roots.log 2>&1 & }

$(eval $(call side_by_side,check,check-programs,$(TESTS),build/sanitized,$$(call not_plain,$$(COMMA)!slow)))
.PHONY: run-check check-roots
check-roots: check-results
	$(prepare_boots)
run-check: check-roots check-suites
	$(call suite_cli,build,$(ANSWERS)) $(slow_or_plain)
	$(suite_schemas)
	@tests/run $(RESULTS) boot tests/boot/run
	@tests/run $(RESULTS) --summary

.PHONY: run-check-all
run-check-all: check-programs shards
	@rm -rf $(RESULTS)
	$(if $(FIRST_SHARD),$(suite_lint))
	$(if $(FIRST_SHARD),$(call suite_unit,$(TESTS)))
	$(if $(FIRST_SHARD),$(call suite_cli,build,$(ANSWERS)))
	$(if $(FIRST_SHARD),$(suite_schemas))
	$(if $(FIRST_SHARD),$(suite_python))
	$(if $(FIRST_SHARD),$(call suite_cli,build/sanitized) $(not_plain))
	$(if $(FIRST_SHARD),@tests/run $(RESULTS) distros tests/distros)
	$(if $(COCKPIT_SHARD),@tests/run $(RESULTS) cockpit tests/cockpit/run)
	$(if $(COCKPIT_SHARD),@tests/run $(RESULTS) ansible tests/ansible/run)
	@tests/run $(RESULTS) boot tests/boot/run $(if $(SHARD),--shard $(SHARD_NUMBER),--all)
	@tests/run $(RESULTS) --summary

# What each shard holds
.PHONY: shards
shards:
	@for shard in $$(seq $(SHARD_COUNT)); do \
		echo "SHARD=$$shard/$(SHARD_COUNT) of make check-all:"; \
		[ $$shard != 1 ] || echo "  lint, unit, cli, python, cli-sanitized, distros"; \
		[ $$shard != 2 ] || echo "  cockpit, ansible"; \
		tests/boot/run --list $$shard | sed 's/^/  /'; done

# For daily work: no boots, no sanitizer, and none of the slow tests.
QUICK_TESTS = $(TESTS:build/tests/%=build/unit/%)
$(eval $(call side_by_side,quick,all $(QUICK_TESTS) $(CLI_TOOLS),$(QUICK_TESTS),build,$(not_slow)))
.PHONY: run-check-quick
run-check-quick: quick-suites
	$(call suite_schemas,--some)
	@tests/run $(RESULTS) --summary

# For the build of a package: what needs no more than cmocka.
.PHONY: unit
unit: $(QUICK_TESTS)
	@rm -rf $(RESULTS)
	$(call suite_unit,$(QUICK_TESTS))
	@tests/run $(RESULTS) --summary

# What depends on compilers, libraries and tools; tests/distros runs it in several releases of Debian.
$(eval $(call side_by_side,portable,all $(TESTS) $(CLI_TOOLS),$(TESTS),build))
.PHONY: run-check-portable
run-check-portable: portable-suites
	$(suite_schemas)
	@tests/run $(RESULTS) --summary

# The collection for Ansible: FILTER= as of boots.
.PHONY: run-check-ansible
run-check-ansible: all $(CLI_TOOLS)
	@rm -rf $(RESULTS)
	@tests/run $(RESULTS) ansible tests/ansible/run $(if $(FILTER),"$(FILTER)")
	@tests/run $(RESULTS) --summary

# The page, in a browser: the same.
.PHONY: run-check-cockpit
run-check-cockpit: all $(CLI_TOOLS)
	@rm -rf $(RESULTS)
	@tests/run $(RESULTS) cockpit tests/cockpit/run $(if $(FILTER),"$(FILTER)")
	@tests/run $(RESULTS) --summary

.PHONY: check-boot
check-boot: all
	@tests/boot/run --all $(FILTER)

.PHONY: check-programs
check-programs: all $(TESTS) $(CLI_TOOLS) build/sanitized/vfioboot-early build/sanitized/vfioboot

FUZZ_CC ?= clang
FUZZ_CFLAGS = -O1 -g -fno-sanitize-recover=all

$(eval $(call objects,build/fuzzed,$$(FUZZ_CC),$$(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link$$(COMMA)address$$(COMMA)undefined))
COMMA = ,

build/fuzz/%: tests/fuzz/%.c tests/fuzz/check.c build/fuzzed/libtest.a Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(FUZZ_CC) $(BASE_CFLAGS) $(WERROR) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined $(HOST_CFLAGS) \
		-o $@ $< tests/fuzz/check.c build/fuzzed/libtest.a $(TEST_LIBS)

.PHONY: run-fuzz
run-fuzz: $(FUZZERS)
	@tests/fuzz/run $(FUZZERS)

include tests/bench/bench.mk

-include $(wildcard build/*/*.d build/*/*/*.d build/*/*/*/*.d)

.PHONY: run-demo
run-demo: all
	@tests/demo

# README's picture, of a boot without vfioboot and one with it
.PHONY: run-picture
run-picture: all
	tests/demo --without >doc/without.log
	tests/demo >doc/with.log
	doc/boot-order doc/without.log doc/with.log >doc/boot-order.svg
