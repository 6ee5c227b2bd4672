/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries settings out: each is asked of the kernel, and read back. */
#include "settings.h"

#include "base/base.h"

static const char *const keys[SETTINGS] = {
	[SETTING_D3COLD] = "d3cold",
	[SETTING_REBAR] = "rebar",
	[SETTING_RESET] = "reset",
	[SETTING_POWER] = "power",
	[SETTING_VFS] = "vfs",
};

const char *const step_result_words[STEP_RESULTS] = {"set", "same", "skipped", "failed"};

const char *setting_key(enum setting setting)
{
	return keys[setting];
}

/* ---- What is asked for */

static bool is_asked(
	const struct config_section *section, enum setting setting, unsigned bar)
{
	switch (setting) {
	case SETTING_D3COLD: return section->d3cold;
	case SETTING_REBAR: return section->rebar[bar];
	case SETTING_RESET: return *section->reset;
	case SETTING_VFS: return section->vfs;
	default: return section->power;
	}
}

unsigned settings_list(
	const struct config_section *section, unsigned entry, struct step *ret)
{
	unsigned n = 0;

	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		unsigned bars = setting == SETTING_REBAR ? CONFIG_REBARS : 1;

		for (unsigned bar = 0; bar < bars; bar++) {
			if (!is_asked(section, setting, bar))
				continue;
			if (ret)
				ret[n] = (struct step){.entry = entry,
					.setting = setting,
					.bar = bar,
					.result = STEP_SKIPPED};
			n++;
		}
	}
	return n;
}

/* "8G" of 2^@bits MiB. */
static char *format_size(char *to, unsigned bits)
{
	unsigned size = 1u << bits % 10;

	for (unsigned unit = 1000; unit; unit /= 10)
		if (size >= unit)
			*to++ = (char)('0' + size / unit % 10);
	*to++ = "MGTPE"[bits / 10];
	*to = '\0';
	return to;
}

/* The texts of a switch, off and on: in the configuration, and of the kernel. */
static const char *const switches[][2][2] = {
	[SETTING_D3COLD] = {{"no", "yes"}, {"0", "1"}},
	[SETTING_POWER] = {{"auto", "on"}, {"auto", "on"}},
};

static bool is_on(const struct config_section *section, enum setting setting)
{
	return (setting == SETTING_D3COLD ? section->d3cold : section->power) ==
		CONFIG_ON;
}

void setting_format_wanted(const struct config_section *section, const struct step *step,
	char ret[static SETTING_VALUE_SIZE])
{
	uint8_t rebar = section->rebar[step->bar];
	char *to = ret;

	if (step->setting == SETTING_RESET) {
		strcpy(ret, section->reset);
	} else if (step->setting == SETTING_VFS) {
		snprintf(ret, SETTING_VALUE_SIZE, "%u", section->vfs);
	} else if (step->setting != SETTING_REBAR) {
		strcpy(ret, switches[step->setting][0][is_on(section, step->setting)]);
	} else {
		if (step->bar < PCI_BARS) {
			*to++ = (char)('0' + step->bar);
			*to++ = ':';
		}
		if (rebar == CONFIG_REBAR_MAX)
			strcpy(to, "max");
		else
			format_size(to, rebar - CONFIG_REBAR_MIN);
	}
}

/* ---- Attributes with one value */

static void end(struct step *step, enum step_result result, enum reason reason)
{
	step->result = result;
	step->reason = reason;
}

static ssize_t read_value(const struct settings *settings, struct step *step,
	enum sysfs_attribute attribute)
{
	ssize_t n = sysfs_read_attribute(settings->root, settings->address, attribute,
		step->value, sizeof(step->value));

	if (n == -ENOENT)
		end(step, STEP_SKIPPED, REASON_NOT_OFFERED);
	else if (n < 0)
		end(step, STEP_FAILED, REASON_IO_ERROR);
	return n;
}

/* Writes @value, which is another one than the present one, and reads back what came of it. */
static int write_value(const struct settings *settings, struct step *step,
	enum sysfs_attribute attribute, const char *value, enum reason reason)
{
	int r = 0;

	if (!settings->look_only)
		r = sysfs_write_attribute(
			settings->root, settings->address, attribute, value);
	if (settings->look_only)
		end(step, STEP_SET, reason);
	else if (read_value(settings, step, attribute) >= 0)
		end(step, STEP_FAILED, r < 0 ? REASON_IO_ERROR : REASON_NOT_KEPT);
	if (r == 0 && strcmp(step->value, value) == 0)
		end(step, STEP_SET, reason);
	return r;
}

static void do_switch(const struct settings *settings, struct step *step,
	enum sysfs_attribute attribute)
{
	const char *const(*texts)[2] = switches[step->setting];
	bool on = is_on(settings->section, step->setting);

	if (read_value(settings, step, attribute) < 0)
		return;
	if (strcmp(step->value, texts[1][on]) == 0)
		end(step, STEP_SAME, REASON_NONE);
	else
		write_value(settings, step, attribute, texts[1][on], REASON_NONE);
	for (int i = 0; i < 2; i++)
		if (strcmp(step->value, texts[1][i]) == 0)
			strcpy(step->value, texts[0][i]);
}

/* ---- Reset methods */

/* Cuts the next word off *@words.  Returns false when there is none. */
static bool take_word(const char **words, char ret[static SETTING_VALUE_SIZE])
{
	const char *start = *words + strspn(*words, " ");
	size_t len = strcspn(start, " ");

	*words = start + len;
	return len && copy_text(ret, SETTING_VALUE_SIZE, start, len);
}

static bool has_word(const char *words, const char *word)
{
	char other[SETTING_VALUE_SIZE];

	while (take_word(&words, other))
		if (strcmp(other, word) == 0)
			return true;
	return false;
}

static bool has_driver(const struct settings *settings)
{
	char driver[SYSFS_DRIVER_SIZE];

	return sysfs_read_driver(settings->root, settings->address, driver) < 0 ||
		*driver;
}

/*
 * Adds to @kept, in their order, the words that the kernel takes.  It is asked for each by itself, if
 * @ask, since it refuses a list for one word.  What it lists may not be all, as a list is shorter once
 * it was set, and may be too much: it was made before the device's neighbours were there.
 */
static void find_taken(const struct settings *settings, const char *offered, bool ask,
	char kept[static SETTING_VALUE_SIZE])
{
	const char *words = settings->section->reset;
	char word[SETTING_VALUE_SIZE];

	*kept = '\0';
	while (take_word(&words, word)) {
		size_t len = strlen(kept);

		if (ask ? sysfs_write_attribute(settings->root, settings->address,
				  SYSFS_RESET_METHOD, word) == 0
			: has_word(offered, word))
			text_join(kept + len, SETTING_VALUE_SIZE - len, len ? " " : "",
				word, NULL);
	}
}

static void do_reset(const struct settings *settings, struct step *step)
{
	const char *wanted = settings->section->reset;
	char kept[SETTING_VALUE_SIZE], before[SETTING_VALUE_SIZE];
	bool live = !settings->look_only && settings->root->live, ask;
	enum reason reason;

	if (read_value(settings, step, SYSFS_RESET_METHOD) < 0)
		return;
	strcpy(before, step->value);
	if (strcmp(before, wanted) == 0) {
		end(step, STEP_SAME, REASON_NONE);
		return;
	}
	if (live &&
		write_value(settings, step, SYSFS_RESET_METHOD, wanted, REASON_NONE) == 0)
		return;
	/* A guest that has it may reset it meanwhile. */
	ask = live && !has_driver(settings);
	find_taken(settings, before, ask, kept);
	reason = strcmp(kept, wanted) == 0 ? REASON_NONE : REASON_NOT_OFFERED;
	/* What was asked for last, if that was taken, is what it has now. */
	if (ask && read_value(settings, step, SYSFS_RESET_METHOD) < 0)
		return;
	end(step, *kept ? STEP_SAME : STEP_SKIPPED, reason);
	if (*kept && strcmp(kept, step->value) != 0)
		write_value(settings, step, SYSFS_RESET_METHOD, kept, reason);
	else if (strcmp(step->value, before) != 0)
		end(step, STEP_SET, reason);
	if (step->result == STEP_SET && live && strcmp(step->value, before) == 0)
		end(step, STEP_SAME, reason);
}

/* ---- Resizable BARs */

static unsigned top_bit(uint64_t mask)
{
	unsigned bit = 0;

	while (mask >>= 1)
		bit++;
	return bit;
}

/* As resourceN_resize counts: 0 for 1 MiB. */
static unsigned bits_of(const struct pci_bar *bar)
{
	return top_bit(pci_bar_size(bar) >> 20);
}

/* The BAR that a step is about; without a number the one that can be largest.  Or -1. */
static int find_bar(const struct pci_bar bars[static PCI_BARS], const struct step *step)
{
	int found = -1;

	for (int i = 0; i < PCI_BARS; i++)
		if (bars[i].sizes &&
			(step->bar == (unsigned)i ||
				(step->bar == PCI_BARS &&
					(found < 0 ||
						top_bit(bars[i].sizes) >
							top_bit(bars[found].sizes)))))
			found = i;
	return found;
}

/* The firmware's framebuffer goes when the kernel resizes a display. */
static bool has_console(const struct settings *settings, const struct pci_bar *bars)
{
	char text[32] = "";

	return (sysfs_read_attribute(settings->root, settings->address, SYSFS_BOOT_VGA,
			text, sizeof(text)) >= 0 &&
		       strcmp(text, "1") == 0) ||
		(pci_bars_find_framebuffer(settings->root, bars, text, sizeof(text)) ==
				0 &&
			*text);
}

/* Why the BAR is not resized to 2^@bits MiB; REASON_NONE: it can be. */
static enum reason judge_size(const struct settings *settings, const struct pci_bar *bars,
	const struct pci_bar *bar, unsigned bits)
{
	if (bits < bits_of(bar))
		return REASON_SMALLER;
	if (!(bar->sizes >> bits & 1))
		return REASON_NO_SUCH_SIZE;
	if (has_console(settings, bars))
		return REASON_CONSOLE;
	if (!settings->look_only && has_driver(settings))
		return REASON_IN_USE;
	return REASON_NONE;
}

/* Asks for 2^@bits MiB.  Returns the result of the write; what the BAR has then is in the step. */
static int resize(
	const struct settings *settings, struct step *step, int n, unsigned bits)
{
	struct pci_bar bars[PCI_BARS];
	char text[3] = {(char)('0' + bits / 10), (char)('0' + bits % 10)};
	int r = sysfs_write_attribute(settings->root, settings->address,
		(enum sysfs_attribute)(SYSFS_RESIZE + n), bits < 10 ? text + 1 : text);

	*step->value = '\0';
	if (pci_bars_read(settings->root, settings->address, bars) == 0 && bars[n].used &&
		!bars[n].unplaced)
		format_size(step->value, bits_of(&bars[n]));
	return r;
}

/* The bridges above it decide on a size that the BAR itself can have. */
static void try_sizes(const struct settings *settings, struct step *step,
	const struct pci_bar *bars, int n, unsigned bits)
{
	unsigned now = bits_of(&bars[n]);
	bool smaller_too = settings->section->rebar[step->bar] == CONFIG_REBAR_MAX;
	char wanted[SETTING_VALUE_SIZE], before[SETTING_VALUE_SIZE];
	enum reason reason = REASON_NONE;

	strcpy(before, step->value);
	for (; bits > now; bits--) {
		int r;

		if (!(bars[n].sizes >> bits & 1))
			continue;
		format_size(wanted, bits);
		r = resize(settings, step, n, bits);
		if (r == 0 && strcmp(step->value, wanted) == 0) {
			end(step, STEP_SET, reason);
			return;
		}
		reason = r == -ENOSPC || r == -ENOENT ? REASON_BRIDGE_WINDOW
			: r < 0                       ? REASON_IO_ERROR
			: settings->root->live        ? REASON_NOT_KEPT
						      : REASON_NO_KERNEL;
		if (reason != REASON_BRIDGE_WINDOW || !smaller_too)
			break;
	}
	end(step, STEP_FAILED, reason);
	if (settings->root->live && strcmp(step->value, before) != 0)
		resize(settings, step, n, now);
}

static void do_rebar(const struct settings *settings, struct step *step)
{
	struct pci_bar bars[PCI_BARS];
	uint8_t wanted = settings->section->rebar[step->bar];
	unsigned bits, now;
	enum reason reason;
	int n, r;

	r = pci_bars_read(settings->root, settings->address, bars);
	n = r < 0 ? -1 : find_bar(bars, step);
	if (r < 0 && r != -ENOENT)
		end(step, STEP_FAILED, REASON_IO_ERROR);
	else if (n < 0)
		end(step, STEP_SKIPPED, REASON_NOT_OFFERED);
	if (n < 0)
		return;
	now = bits_of(&bars[n]);
	bits = wanted == CONFIG_REBAR_MAX ? top_bit(bars[n].sizes)
					  : (unsigned)(wanted - CONFIG_REBAR_MIN);
	format_size(step->value, now);
	if (bits == now) {
		end(step, STEP_SAME, REASON_NONE);
		return;
	}
	reason = judge_size(settings, bars, &bars[n], bits);
	if (reason != REASON_NONE)
		end(step, STEP_SKIPPED, reason);
	else if (settings->look_only)
		end(step, STEP_SET, REASON_NONE);
	else
		try_sizes(settings, step, bars, n, bits);
}

/* ---- Virtual functions */

static void do_vfs(const struct settings *settings, struct step *step)
{
	struct pcidev dev = {.address = settings->address};
	char wanted[SETTING_VALUE_SIZE];
	int r = 0;

	setting_format_wanted(settings->section, step, wanted);
	pcidev_read_virtual(settings->root, &dev);
	if (dev.num_vfs == settings->section->vfs)
		end(step,
			!settings->look_only &&
					virtual_is_new(settings->made, settings->address)
				? STEP_SET
				: STEP_SAME,
			REASON_NONE);
	else if (dev.virtual_used)
		end(step, STEP_SKIPPED, REASON_VIRTUAL_IN_USE);
	else if (settings->look_only)
		end(step, STEP_SET, REASON_NONE);
	else
		r = virtual_make(
			settings->root, settings->made, settings->address, wanted);
	if (step->result == STEP_FAILED)
		pcidev_read_virtual(settings->root, &dev);
	snprintf(step->value, sizeof(step->value), "%u", dev.num_vfs);
	if (step->result != STEP_FAILED)
		return;
	if (dev.num_vfs == settings->section->vfs)
		end(step, STEP_SET, REASON_NONE);
	else
		end(step, STEP_FAILED,
			r == -ENOENT                   ? REASON_NO_SRIOV
				: settings->root->live ? REASON_IO_ERROR
						       : REASON_NO_KERNEL);
}

/* ---- All */

static void do_step(const struct settings *settings, struct step *step)
{
	switch (step->setting) {
	case SETTING_D3COLD: do_switch(settings, step, SYSFS_D3COLD); break;
	case SETTING_REBAR: do_rebar(settings, step); break;
	case SETTING_RESET: do_reset(settings, step); break;
	case SETTING_VFS: do_vfs(settings, step); break;
	default: do_switch(settings, step, SYSFS_POWER_CONTROL);
	}
}

/* Those that are done stay so; one that could not be done because of a driver is tried again. */
static bool is_due(const struct settings *settings, const struct step *step)
{
	return settings->late == (step->setting >= SETTING_POWER) &&
		step->result == STEP_SKIPPED &&
		(step->reason == REASON_NONE || step->reason == REASON_IN_USE);
}

void settings_do(const struct settings *settings)
{
	for (unsigned i = 0; i < settings->n; i++) {
		struct step *step = &settings->steps[i];

		if (!is_due(settings, step))
			continue;
		/* Until it is done. */
		end(step, STEP_FAILED, REASON_DEADLINE);
		do_step(settings, step);
	}
}

static int work(void *data)
{
	settings_do(data);
	return 0;
}

int settings_run(const struct settings *settings, uint64_t deadline)
{
	for (unsigned i = 0; i < settings->n; i++)
		if (is_due(settings, &settings->steps[i]))
			return child_run_shared(work, (void *)settings, deadline) ==
					-ETIMEDOUT
				? -ETIMEDOUT
				: 0;
	return 0;
}
