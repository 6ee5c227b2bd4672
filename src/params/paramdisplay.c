/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware's framebuffer: since 6.0 vfio-pci takes it away from VGA devices
 * (drivers/video/aperture.c); before, and in other displays, it stays and is in the way.
 */
#include "base/base.h"
#include "paramadvice.h"

#define SYSFB "initcall_blacklist=sysfb_init"

bool paramadvice_keeps_framebuffer(const struct kernelparams_facts *facts)
{
	return facts->takes_boot_display &&
		(facts->kernel < KERNEL(6, 0) || !facts->boot_display_is_vga);
}

static void decide_simple(
	const struct kernelparams_facts *facts, struct kernelparams *params)
{
	if (facts->lto && facts->boot_display_is_sure)
		paramadvice_add(params, KERNELPARAMS_CONFLICT, "",
			"the firmware's framebuffer would stay in the boot display, and "
			"in a kernel with link-time optimisation nothing keeps it out; "
			"give another display away, or use another kernel");
	else if (paramadvice_has(facts, "initcall_blacklist", "sysfb_init"))
		return;
	else if (facts->trial && !facts->lto)
		paramadvice_add(params, KERNELPARAMS_NEEDED, SYSFB,
			"nothing else keeps the firmware's framebuffer out of the boot "
			"display on this kernel; look for BOOTFB in /proc/iomem "
			"afterwards"); /* lint: told, not read */
	else
		paramadvice_add(params, KERNELPARAMS_WARNING, "",
			"the firmware's framebuffer %s in the boot display, so that a "
			"guest can't use it; 'vfioboot try' starts once without it (" SYSFB
			") and looks whether that helps",
			facts->boot_display_is_sure ? "stays" : "may stay");
}

static void decide_efifb(
	const struct kernelparams_facts *facts, struct kernelparams *params)
{
	if (!cmdline_has_first(facts->cmdline, "video", "efifb:off"))
		paramadvice_add(params, KERNELPARAMS_NEEDED, "video=efifb:off",
			"this kernel does not take the firmware's framebuffer from the "
			"boot display, which is to be given away%s",
			paramadvice_has(facts, "video", "efifb:off")
				? "; behind a comma, as it is there, it does nothing"
				: "");
}

/* Where something keeps it out already, there is nothing to find out. */
static void tell_unknown(
	const struct kernelparams_facts *facts, struct kernelparams *params)
{
	if (cmdline_has_first(facts->cmdline, "video", "efifb:off") ||
		paramadvice_has(facts, "initcall_blacklist", "sysfb_init"))
		return;
	paramadvice_add(params, KERNELPARAMS_WARNING, "",
		"whether the firmware's framebuffer stays in the boot display, so that a "
		"guest can't use it, %s",
		facts->framebuffer_is_hidden
			? "only root can see: run 'sudo vfioboot cmdline'"
			: "can't be told while its own driver has it: run 'vfioboot check' "
			  "after the next boot");
}

static void decide_framebuffer(
	const struct kernelparams_facts *facts, struct kernelparams *params)
{
	switch (facts->framebuffer) {
	case FRAMEBUFFER_SIMPLE: decide_simple(facts, params); break;
	case FRAMEBUFFER_EFIFB: decide_efifb(facts, params); break;
	case FRAMEBUFFER_UNKNOWN: tell_unknown(facts, params); break;
	case FRAMEBUFFER_NONE: break;
	}
}

void paramadvice_display(
	const struct kernelparams_facts *facts, struct kernelparams *params)
{
	bool stays = paramadvice_keeps_framebuffer(facts);

	if (facts->binds_display && facts->kernel == KERNEL(6, 0))
		paramadvice_add(params, KERNELPARAMS_WARNING, "",
			"on kernel 6.0 giving any graphics card away may end the host's "
			"console; use a later kernel");
	if (!facts->takes_boot_display)
		return;
	/* A kernel that is not known is told of by none of its habits. */
	if (stays && facts->kernel)
		decide_framebuffer(facts, params);
	if (facts->binds_boot_display)
		paramadvice_add(params, KERNELPARAMS_WARNING, "",
			"the boot display is to be given away: the host's console goes "
			"away when vfio-pci takes it");
	else if (!stays)
		paramadvice_add(params, KERNELPARAMS_WARNING, "",
			"the boot display is to have no driver: the firmware's framebuffer "
			"stays in it until vfio-pci takes it");
}
