/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes the machine.  A dialog shows what vfioboot says that it would do (--dry-run), does it
 * when a person agrees, and shows how far it is and how it ended.
 */
import { alert, announce, button, dialog, h, label, spinner, table } from "./dom.js";
import { Failure, ask, run, runSteps } from "./program.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;

function output(text) {
	return text.trim() && h("pre", { class: "output", tabindex: "0" }, text.trimEnd());
}

function failure(title, error) {
	if (!(error instanceof Failure))
		console.error(error);
	return alert("danger", title, ...(error.lines ?? [String(error)]));
}

/* Warnings are not what failed. */
function messages(lines, failed) {
	const isWarning = line => line.startsWith("warning: ");
	const errors = lines.filter(line => !isWarning(line));
	const warnings = lines.filter(isWarning).map(line => line.slice("warning: ".length));

	return [
		(failed || errors.length > 0) &&
			alert("danger", failed ? _("This was not done.") : _("vfioboot says:"), ...errors),
		warnings.length > 0 && alert("warning", _("vfioboot warns:"), ...warnings)
	];
}

/* A dialog that is closed by one button; the page is read again then. */
function closeButton(box, text = _("Close")) {
	return button(`${box.element.id}-close`, text, box.close, { kind: "link" });
}

/* ---- commands that print text ---- */

async function showText(box, argv) {
	const { status, output: text, messages: lines } = await run(argv);
	const failed = status !== 0 && status !== 3;

	box.body.replaceChildren(...[...messages(lines, failed), output(text),
		!failed && lines.length === 0 && !text.trim() && h("p", {}, _("Done."))]
			.filter(part => part));
	return !failed;
}

/* ---- commands that print their steps ---- */

const stateTexts = {
	started: () => _("running"), done: () => _("done"), failed: () => _("failed"),
	interrupted: () => _("interrupted"), planned: () => _("to do")
};
const stateColours = { started: "blue", done: "green", failed: "red", interrupted: "orange" };

/* How far a list of steps is: a bar, the steps and notes below it. */
function stepList() {
	const bar = h("progress", { class: "bar", "aria-label": _("Progress") });
	const steps = h("ol", { class: "steps" });
	const notes = h("div", { class: "notes" });
	const items = new Map();

	function show(event) {
		const text = event.seconds ? cockpit.format(_("$0 ($1 s)"), event.text, event.seconds)
			: event.text;
		const item = h("li", { "data-state": event.state }, text, " ",
			       event.state !== "planned" &&
				label(stateTexts[event.state](), stateColours[event.state]));

		if (items.has(event.step))
			items.get(event.step).replaceWith(item);
		else
			steps.append(item);
		items.set(event.step, item);
		bar.max = event.of;
		if (event.state === "done")
			bar.value = event.step;
		if (event.state !== "planned")
			announce(`${event.text}: ${stateTexts[event.state]()}`);
	}

	return {
		bar,
		element: h("div", {}, steps, notes),
		onEvent: event => event.step === null ? notes.append(h("p", {}, event.text)) : show(event)
	};
}

async function showSteps(box, argv) {
	const list = stepList();

	box.body.replaceChildren(list.bar, list.element);
	list.bar.removeAttribute("value");

	const { status, messages: lines } = await runSteps(argv, list.onEvent);
	const failed = status !== 0 && status !== 3;

	list.bar.hidden = true;
	box.body.prepend(...messages(lines, failed).filter(part => part));
	return !failed;
}

/* ---- the dialog ---- */

async function preview(box, argv, steps) {
	const list = stepList();
	const { status, output: text, messages: lines } = steps
		? await runSteps([...argv, "--dry-run"], list.onEvent)
		: await run([...argv, "--dry-run"]);
	const failed = status !== 0 && status !== 3;

	list.bar.hidden = true;
	box.body.replaceChildren(...[...messages(lines, failed),
		steps ? list.element : output(text)].filter(part => part));
	return !failed;
}

/*
 * @argv is the command; @steps: it prints its steps with --json; @text explains it.  The person's
 * word for it is @verb.  @done is called when it was tried.
 */
export async function carryOut({ id, title, text, argv, steps, verb, danger, done }) {
	let running = false;
	const box = dialog(id, title, { busy: () => running });
	const go = button(`${id}-go`, verb, start,
			  { kind: danger ? "danger" : "primary", disabled: true });
	const warn = event => event.preventDefault();

	async function start() {
		running = true;
		window.addEventListener("beforeunload", warn);
		box.footer.replaceChildren(spinner(_("Please wait …")));
		box.body.focus();
		try {
			const good = await (steps ? showSteps : showText)(box, argv);

			box.body.append(good ? alert("success", _("Finished.")) : "");
			announce(good ? _("Finished.") : _("This was not done."));
		} catch (error) {
			box.body.prepend(failure(_("This was not done."), error));
		}
		running = false;
		window.removeEventListener("beforeunload", warn);
		box.footer.replaceChildren(closeButton(box));
		box.footer.querySelector("button").focus();
		done();
	}

	box.body.replaceChildren(spinner(_("Looking at what would be done …")));
	box.footer.replaceChildren(go, closeButton(box, _("Cancel")));
	try {
		go.disabled = !await preview(box, argv, steps);
	} catch (error) {
		box.body.replaceChildren(failure(_("This cannot be done."), error));
	}
	if (text)
		box.body.prepend(h("p", { class: "explanation" }, text));
}

/* ---- adding a device ---- */

const whys = {
	named: () => _("chosen"), card: () => _("same card"), group: () => _("same IOMMU group")
};
const actions = {
	bind: () => _("reserved"), later: () => _("reserved later"), refuse: () => _("refused"),
	demand: () => _("left to the host")
};

function offerBody(offer) {
	return [
		...offer.obstacles.map(obstacle =>
			alert(obstacle.refuses ? "danger" : "warning", obstacle.text,
			      ...(obstacle.remedy ? [obstacle.remedy] : []))),
		table(_("Functions that are reserved"),
		      [_("Address"), _("Name"), _("Why"), _("Next boot")],
		      offer.functions.map(f => [
			      f.address, `${f.name} (${f.id})`, whys[f.why](),
			      f.next_boot ? actions[f.next_boot]() : ""
		      ]))
	];
}

/* Which of those that were left out are wanted, and whether only what was chosen is. */
function offerChoices(offer, choices, changed) {
	const check = (id, text, checked, onchange) =>
		h("label", { class: "choice" },
		  h("input", { type: "checkbox", id, checked, onchange }), text);
	const left = offer.left_out.map(f => f.with || choices.with.has(f.address)
		? check(`with-${f.address}`, cockpit.format(_("Also $0 $1: $2"), f.address, f.name, f.text),
			choices.with.has(f.address), event => {
				if (event.target.checked)
					choices.with.add(f.address);
				else
					choices.with.delete(f.address);
				changed();
			})
		: h("p", {}, cockpit.format(f.gone ? _("Gone with it: $0 $1: $2") : _("Left out: $0 $1: $2"),
					    f.address, f.name, f.text)));
	const also = [...choices.with].filter(address =>
		!offer.left_out.some(f => f.address === address)).map(address =>
		check(`with-${address}`, cockpit.format(_("Also $0"), address), true, () => {
			choices.with.delete(address);
			changed();
		}));
	const only = (offer.only || choices.only) &&
		check("only", _("Only what was chosen, not the rest of the card"), choices.only, event => {
			choices.only = event.target.checked;
			changed();
		});

	return [...left, ...also, only].filter(part => part);
}

function whenChoices(choices, changed) {
	const radio = (id, text, when) =>
		h("label", { class: "choice" },
		  h("input", {
			  type: "radio", name: "when", id, checked: choices.when === when,
			  onchange: () => {
				  choices.when = when;
				  changed();
			  }
		  }), text);

	return h("fieldset", { class: "choices" },
		 h("legend", {}, _("When")),
		 radio("when-always", _("At every boot"), "always"),
		 radio("when-menu", _("Only when chosen in the boot menu"), "menu"),
		 radio("when-demand", _("When its virtual machine starts"), "demand"));
}

function addArguments(device, choices) {
	return ["add", device,
		...(choices.when === "menu" ? ["--profile", "passthrough"] : []),
		...(choices.when === "demand" ? ["--demand"] : []),
		...(choices.only ? ["--only"] : []),
		...(choices.with.size ? ["--with", [...choices.with].join(",")] : [])];
}

export async function addDevice(device, name, done) {
	const choices = { when: "always", only: false, with: new Set() };
	const box = dialog("add", cockpit.format(_("Reserve $0"), name));
	const go = button("add-go", _("Reserve"), start, { kind: "primary", disabled: true });
	let latest = 0;

	async function show() {
		const number = ++latest;
		const focused = document.activeElement?.id;

		go.disabled = true;
		try {
			const { answer, messages: lines } = await ask(
				[...addArguments(device, choices), "--dry-run"]);

			if (number !== latest)
				return;
			go.disabled = !answer.accepted;
			box.body.replaceChildren(
				h("p", { class: "explanation" }, !answer.accepted
					? _("This cannot be reserved:")
					: choices.when === "demand"
					? _("The host keeps these functions at boot, until the virtual machine starts that has them. The running system does not change.")
					: _("The next boot reserves these functions for virtual machines, before any other driver can take them. The running system does not change.")),
				...messages(lines, false).filter(part => part),
				...offerBody(answer), ...offerChoices(answer, choices, show),
				answer.accepted ? whenChoices(choices, show) : "");
			announce(answer.accepted ? "" : answer.obstacles.map(o => o.text).join(". "));
		} catch (error) {
			box.body.replaceChildren(failure(_("This cannot be reserved."), error));
		}
		document.getElementById(focused)?.focus();
	}

	async function start() {
		go.disabled = true;
		try {
			const { status, output: text, messages: lines } =
				await run([...addArguments(device, choices), "--json"]);

			if (status === 0) {
				box.close();
				await done();
				announce(choices.when === "demand"
					? _("Reserved for when its virtual machine starts.")
					: _("Reserved. Update the boot images for it to take effect."));
				return;
			}
			box.body.replaceChildren(...messages(lines, true).filter(part => part),
						 output(text) || "");
		} catch (error) {
			box.body.replaceChildren(failure(_("This was not done."), error));
		}
		done();
	}

	box.body.replaceChildren(spinner(_("Looking at the device …")));
	box.footer.replaceChildren(go, closeButton(box, _("Cancel")));
	await show();
}
