# SPDX-License-Identifier: GPL-2.0-or-later
# The composer, which the tests of the programs use too, and what `make bench` runs.

build/tests/compose: $(wildcard tests/lib/compose*.[ch] tests/lib/tree.[ch]) Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(WERROR) $(CFLAGS) -o $@ $(filter %.c,$^)

build/tests/bootfiles: tests/lib/bootfiles_main.c build/libtest.a Makefile
	$(call say,LD)
	$(Q)$(CC) $(BASE_CFLAGS) $(WERROR) $(CFLAGS) $(HOST_CFLAGS) -o $@ $(filter %.c %.a,$^) $(TEST_LIBS)

# With what a program has of the library.
build/tests/answers: tests/lib/answers_main.c build/$(SONAME) Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=c11 -Iinclude $(WARNINGS) $(WERROR) $(CFLAGS) -o $@ $(filter %.c %.so.0,$^) \
		-Wl,-rpath,'$$ORIGIN/..'

build/tests/dialogue: tests/lib/dialogue.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(WERROR) $(CFLAGS) -o $@ $<

# By the compiler and with the flags of vfioboot-early, so that only what they do differs.
build/tests/floor build/tests/run build/tests/count: build/tests/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(EARLY_CC) $(BASE_CFLAGS) $(WERROR) $(EARLY_CFLAGS) $(EARLY_LDFLAGS) -o $@ $<

BENCH_ROUNDS ?= 301

.PHONY: run-bench
run-bench: build/vfioboot-early build/tests/floor build/tests/run build/tests/count build/tests/compose
	@tests/bench/bench $^ $(BENCH_ROUNDS)
	@$(MAKE) --no-print-directory bench-host bench-chain

# What commands of the host program take on a large machine; `make bench` runs it too.
.PHONY: bench-host
bench-host: build/vfioboot build/tests/run build/tests/compose build/tests/answers
	@PYTHON=$(PYTHON) tests/bench/host $^

# What the host program takes to follow the chain; `make bench` runs it too.
.PHONY: bench-chain
bench-chain: build/vfioboot build/vfioboot-early build/tests/run build/tests/compose build/tests/bootfiles
	@tests/bench/chain $^

# What `apply` takes beside the generators, in a guest; a quarter of an hour, so not in `make bench`.
.PHONY: bench-apply
bench-apply: all
	@tests/bench/apply

# What `bind` and `release` take beside a shell with the same writes, in a guest; some minutes.
.PHONY: bench-handover
bench-handover: all
	@tests/bench/handover

# What a boot takes with vfioboot and without, counted in instructions; half an hour and more.
.PHONY: bench-boot
bench-boot: all
	@tests/bench/boot
