/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Light or dark, as Cockpit's shell has it: in its local storage under "shell:style" ("auto", "light",
 * "dark"), and as the event "cockpit-style" when a person changes it.
 */
const system = window.matchMedia("(prefers-color-scheme: dark)");

function apply(style) {
	const wanted = style ?? localStorage.getItem("shell:style") ?? "auto";
	const dark = wanted === "dark" || (wanted === "auto" && system.matches);

	document.documentElement.classList.toggle("pf-v6-theme-dark", dark);
}

export function followTheme() {
	window.addEventListener("storage", event => {
		if (event.key === "shell:style")
			apply();
	});
	window.addEventListener("cockpit-style", event => apply(event.detail?.style));
	system.addEventListener("change", () => apply());
	apply();
}
