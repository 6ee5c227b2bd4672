/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page: what `vfioboot list`, `plan`, `status` and `check` say, and buttons for the rest. */
import { addDevice, carryOut } from "./actions.js";
import {
	alert, announce, button, card, h, label, rememberFocus, restoreFocus, spinner, table
} from "./dom.js";
import { Failure, ask } from "./program.js";
import { followTheme } from "./theme.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;

const permission = cockpit.permission({ admin: true });
const page = document.getElementById("page");

/* The last answers; "problems" has a Failure for each that there is none of. */
const state = { all: false, list: null, plan: null, status: null, check: null, problems: {} };

const isLimited = () => permission.allowed === false;

/* ---- devices ---- */

const results = {
	bound: ["green", () => _("reserved")], pending: ["blue", () => _("at the next boot")],
	later: ["blue", () => _("later at the next boot")],
	demand: ["grey", () => _("when a guest starts")], refused: ["red", () => _("refused")],
	failed: ["red", () => _("failed")], inactive: ["grey", () => _("at boots that ask for it")]
};

function resultLabel(f) {
	const [colour, text] = results[f.result] ?? ["grey", () => f.result];

	return label(`${f.section}: ${text()}`, colour);
}

function deviceCells(f) {
	const name = f.name ?? f.type;

	return [
		f.address,
		[name, " ", h("span", { class: "subtle" }, f.id)],
		f.driver ?? _("none"),
		[f.section && resultLabel(f), f.section && " ", f.notes && !f.section ? f.notes : ""],
		f.section
			? button(`remove-${f.address}`, _("Give back"), () => removeSection(f.section), {
				disabled: isLimited(),
				label: cockpit.format(_("Give back $0 to the host"), f.section)
			})
			: button(`add-${f.address}`, _("Reserve"), () => addDevice(f.address, name, refresh), {
				disabled: isLimited(),
				label: cockpit.format(_("Reserve $0, $1"), name, f.address)
			})
	];
}

function deviceRows(functions) {
	const rows = [];
	let last;

	for (const f of functions) {
		if (f.iommu_group !== last || rows.length === 0)
			rows.push({
				group: f.iommu_group === null ? _("No IOMMU group")
					: cockpit.format(_("IOMMU group $0"), f.iommu_group)
			});
		last = f.iommu_group;
		rows.push(deviceCells(f));
	}
	return rows;
}

function devicesCard() {
	const toggle = h("label", { class: "choice" },
			 h("input", {
				 type: "checkbox", id: "all-devices", checked: state.all,
				 onchange: event => {
					 state.all = event.target.checked;
					 refresh();
				 }
			 }), _("All devices"));
	const explanation = h("p", { class: "explanation" },
			      _("A virtual machine gets an IOMMU group as a whole. What belongs to a card is reserved with it."));

	return card("devices", _("Devices"), [toggle],
		    state.problems.list ?? (state.list
			    ? [explanation, table(_("Devices by IOMMU group"),
						  [_("Address"), _("Name"), _("Driver"), _("Use"), _("Action")],
						  deviceRows(state.list.functions))]
			    : spinner(_("Reading …"))));
}

function removeSection(section) {
	carryOut({
		id: "remove", title: cockpit.format(_("Give $0 back to the host"), section),
		argv: ["remove", section], verb: _("Give back"), done: refresh
	});
}

/* ---- the next boot ---- */

function readiness() {
	const { ready, ready_unknown, images_problem, next_boot } = state.status;

	if (next_boot.hindrance)
		return alert("warning", cockpit.format(_("The next boot reserves nothing: it starts '$0'."),
						       next_boot.entry), next_boot.hindrance);
	if (ready === true)
		return alert("success", _("The default boot entry starts an image with this configuration."));
	if (ready === false)
		return alert("warning", _("The default boot entry does not start an image with this configuration: update the boot images."),
			     ...(images_problem ? [images_problem] : []));
	return alert("info", _("It is not known whether the next boot has this configuration."),
		     ...[ready_unknown, images_problem].filter(text => text));
}

const planColours = { bind: "green", later: "blue", refuse: "red", demand: "grey" };

const inactives = {
	profile: s => cockpit.format(_("$0 is reserved only by a boot entry with the profile '$1'."),
				     s.section, s.profile),
	off: s => cockpit.format(_("$0 is inactive: vfioboot is switched off for the next boot."), s.section),
	demand: s => cockpit.format(_("$0 is left to the host at boot, until its virtual machine starts."),
				    s.section)
};

function planTable() {
	return table(_("What the next boot does"),
		     [_("Device set"), _("Address"), _("Name"), _("Driver now"), _("At the next boot")],
		     state.plan.plan.map(f => [
			     f.section, f.address ?? _("none"), f.name ?? "", f.driver ?? _("none"),
			     [label(f.at_the_next_boot, planColours[f.action]),
			      f.remark && h("p", { class: "remark" }, f.remark)]
		     ]));
}

function nextCard() {
	const limited = isLimited();
	const apply = button("apply", _("Update boot images"), () => carryOut({
		id: "applying", title: _("Update boot images"), argv: ["apply"], steps: true,
		verb: _("Update"), done: refresh
	}), { kind: "primary", disabled: limited });
	const problem = state.problems.plan ?? state.problems.status;

	if (problem || !state.plan || !state.status)
		return card("next", _("Next boot"), [apply], problem ?? spinner(_("Reading …")));
	return card("next", _("Next boot"), [apply],
		    state.status.errors.map(error =>
			    alert("danger", error.line === null ? error.file : `${error.file}:${error.line}`,
				  error.message)),
		    state.plan.plan.length > 0
			    ? [state.plan.plan.some(f => f.action !== "demand") && readiness(), planTable()]
			    : h("p", {}, _("No device is reserved at the next boot.")),
		    state.status.inactive.map(section => h("p", {}, inactives[section.why](section))));
}

/* ---- this boot ---- */

function thisCard() {
	const status = state.status;
	const problem = state.problems.status;

	if (problem || !status)
		return card("this", _("This boot"), [], problem ?? spinner(_("Reading …")));
	return card("this", _("This boot"), [],
		    status.headline.split("\n").slice(0, 1).map(text => h("p", {}, text)),
		    status.boot.ran &&
			h("p", { class: "explanation" },
			  cockpit.format(_("vfioboot $0 ran, with kernel $1."),
					 status.boot.version, status.boot.kernel)),
		    status.functions.length > 0 &&
			table(_("What this boot did"),
			      [_("Device set"), _("Address"), _("Name"), _("Driver now"), _("At this boot")],
			      status.functions.map(f => [
				      f.section, f.address ?? _("none"), f.name ?? "", f.driver ?? _("none"),
				      [label(f.at_this_boot, f.as_wanted ? "green" : "red"),
				       f.remark && h("p", { class: "remark" }, f.remark)]
			      ])));
}

/* ---- the boot menu ---- */

const states = {
	fresh: ["green", () => _("up to date")], stale: ["orange", () => _("outdated")],
	without: ["grey", () => _("without vfioboot")], missing: ["red", () => _("missing")],
	unknown: ["grey", () => _("unknown")]
};

function entryTable(entries) {
	return table(_("Entries of the boot menu"),
		     [_("Entry"), _("Kernel"), _("Starts"), _("Image")],
		     entries.map(entry => [
			     entry.title, entry.kernel ?? _("unknown"),
			     [entry.default && label(_("default"), "blue"), " ",
			      entry.next && label(_("next boot, once"), "purple")],
			     [label(states[entry.state][1](), states[entry.state][0]),
			      entry.why && h("p", { class: "remark" }, entry.why)]
		     ]));
}

const phases = {
	armed: ["info", () => _("A trial is the next boot, once.")],
	started: ["info", () => _("This boot is a trial.")],
	confirmed: ["success", () => _("The last trial was confirmed.")],
	kept: ["success", () => _("The last trial was kept.")],
	failed: ["danger", () => _("The last trial failed.")]
};

function trialPart(trial) {
	const [kind, text] = phases[trial.phase] ?? ["info", () => trial.phase];
	const options = { disabled: isLimited() };

	return [
		alert(kind, text(), ...(trial.text ? [trial.text] : [])),
		h("div", { class: "buttons" },
		  button("keep-trial", _("Keep the trial's setting"), () => carryOut({
			  id: "keep", title: _("Keep the trial's setting"), argv: ["try", "--keep"],
			  verb: _("Keep"), done: refresh
		  }), options),
		  button("cancel-trial", _("Cancel or delete the trial"), () => carryOut({
			  id: "cancel", title: _("Cancel or delete the trial"), argv: ["try", "--cancel"],
			  verb: _("Cancel the trial"), done: refresh
		  }), options))
	];
}

function menuCard() {
	const options = { disabled: isLimited() };
	const actions = [
		button("try", _("Try once"), () => carryOut({
			id: "trying", title: _("Try once"), argv: ["try"], verb: _("Try at the next boot"),
			text: _("The next boot, and only that one, reserves what has a profile. If it fails, the machine returns to the normal entry by itself."),
			done: refresh
		}), options),
		button("entry-add", _("Add entries"), () => carryOut({
			id: "adding-entries", title: _("Add entries to the boot menu"), argv: ["entry", "add"],
			verb: _("Add"), done: refresh
		}), options),
		button("entry-remove", _("Remove entries"), () => carryOut({
			id: "removing-entries", title: _("Remove entries from the boot menu"),
			argv: ["entry", "remove"], verb: _("Remove"), done: refresh
		}), options)
	];
	const problem = state.problems.status;

	if (problem || !state.status)
		return card("menu", _("Boot menu"), actions, problem ?? spinner(_("Reading …")));
	return card("menu", _("Boot menu"), actions,
		    state.status.trial && trialPart(state.status.trial),
		    state.status.entries.length > 0
			    ? entryTable(state.status.entries)
			    : h("p", {}, state.status.ready_unknown ?? _("No entry was found.")));
}

/* ---- check ---- */

const verdicts = {
	fail: ["red", () => _("fail")], unknown: ["orange", () => _("unknown")],
	pass: ["green", () => _("pass")]
};

async function runCheck() {
	state.check = "running";
	show();
	announce(_("Checking …"));
	try {
		state.check = (await ask(["check"])).answer.checks;
		delete state.problems.check;
	} catch (error) {
		state.check = null;
		state.problems.check = problem(error);
	}
	show();
	if (state.check)
		announce(checkSummary());
}

function checkSummary() {
	const count = word => state.check.filter(point => point.state === word).length;

	return cockpit.format(_("$0 pass, $1 fail, $2 unknown"),
			      count("pass"), count("fail"), count("unknown"));
}

function checkTable() {
	const order = ["fail", "unknown", "pass"];
	const points = [...state.check].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));

	return table(_("What was checked"), [_("Result"), _("Point"), _("Found"), _("What to do")],
		     points.map(point => [
			     label(verdicts[point.state][1](), verdicts[point.state][0]),
			     point.name,
			     point.subject ? `${point.subject}: ${point.found}` : point.found,
			     point.remedy ?? ""
		     ]));
}

function checkCard() {
	const start = button("check-run", _("Check this machine"), runCheck,
			     { disabled: state.check === "running" });

	return card("check", _("Check"), [start],
		    state.problems.check ??
			(state.check === "running" ? spinner(_("Checking …"))
			 : state.check ? [h("p", {}, checkSummary()), checkTable()]
			 : h("p", {}, _("Whether this machine is ready to give devices to virtual machines, point by point, with what to do."))));
}

/* ---- all of it ---- */

function header() {
	return h("header", { class: "top" },
		 h("h1", { class: "pf-v6-c-title pf-m-2xl" }, _("PCI passthrough")),
		 h("div", { class: "buttons" },
		   button("refresh", _("Refresh"), refresh),
		   button("undo", _("Remove everything"), () => carryOut({
			   id: "undoing", title: _("Remove everything that was configured"), argv: ["undo"],
			   text: _("All devices go back to the host at the next boot."),
			   steps: true, verb: _("Remove everything"), danger: true, done: refresh
		   }), { kind: "secondary pf-m-danger", disabled: isLimited() })));
}

/* What has the focus keeps it, or its card's heading gets it. */
function show() {
	const focus = rememberFocus();

	page.replaceChildren(
		header(),
		isLimited()
			? alert("info", _("You see this machine with limited access."),
				_("Some of it is unknown, and nothing can be changed. Turn on administrative access at the top of Cockpit."))
			: "",
		devicesCard(), nextCard(), thisCard(), menuCard(), checkCard());
	if (!document.querySelector("dialog"))
		restoreFocus(focus);
}

function problem(error) {
	if (!(error instanceof Failure))
		console.error(error);
	return alert("danger", _("vfioboot cannot say this:"), ...(error.lines ?? [String(error)]));
}

async function readOne(name, argv) {
	try {
		state[name] = (await ask(argv)).answer;
		delete state.problems[name];
	} catch (error) {
		state.problems[name] = problem(error);
	}
}

async function refresh() {
	await Promise.all([
		readOne("list", state.all ? ["list", "--all"] : ["list"]),
		readOne("plan", ["plan"]),
		readOne("status", ["status"])
	]);
	show();
}

followTheme();
show();
permission.addEventListener("changed", () => {
	show();
	refresh();
});
refresh();
cockpit.transport.wait(() => document.body.setAttribute("data-ready", "yes"));
