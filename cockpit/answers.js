/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page reads of each answer of `vfioboot ... --json`, and nothing else: null is any value, an
 * array has elements like the one here.  JSON, so that the tests compare it with what the
 * program prints.
 */
export const answers =
{
	"list": {
		"functions": [
			{
				"address": null, "id": null, "driver": null, "iommu_group": null,
				"name": null, "notes": null, "type": null, "section": null,
				"result": null
			}
		]
	},
	"plan": {
		"plan": [
			{
				"section": null, "address": null, "name": null, "driver": null,
				"action": null, "at_the_next_boot": null, "remark": null
			}
		]
	},
	"status": {
		"headline": null,
		"boot": { "ran": null, "version": null, "kernel": null },
		"functions": [
			{
				"section": null, "address": null, "name": null, "driver": null,
				"as_wanted": null, "at_this_boot": null, "remark": null
			}
		],
		"ready": null,
		"ready_unknown": null,
		"entries": [
			{
				"title": null, "default": null, "next": null, "kernel": null,
				"state": null, "why": null
			}
		],
		"images_problem": null,
		"inactive": [
			{ "section": null, "profile": null, "why": null }
		],
		"next_boot": { "entry": null, "unknown": null, "hindrance": null },
		"errors": [
			{ "file": null, "line": null, "message": null }
		],
		"trial": { "id": null, "phase": null, "text": null }
	},
	"check": {
		"checks": [
			{ "name": null, "subject": null, "state": null, "found": null, "remedy": null }
		]
	},
	"add": {
		"section": null,
		"accepted": null,
		"written": null,
		"only": null,
		"functions": [
			{ "address": null, "id": null, "name": null, "why": null, "next_boot": null }
		],
		"left_out": [
			{ "address": null, "name": null, "with": null, "gone": null, "text": null }
		],
		"obstacles": [
			{ "refuses": null, "text": null, "remedy": null }
		]
	},
	"event": {
		"state": null, "step": null, "of": null, "seconds": null, "text": null
	}
}
;
