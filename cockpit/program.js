/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs vfioboot, by Cockpit's bridge, and reads what it answers.  Nothing is decided here. */
import { answers } from "./answers.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;

/* Why there is no answer: lines for a person. */
export class Failure extends Error {
	constructor(lines) {
		super(lines.join("\n"));
		this.lines = lines;
	}
}

/* What the page reads of @value, by the @template; what is missing there is of another version. */
function read(template, value, where) {
	if (template === null || value === null)
		return value;
	if (Array.isArray(template))
		return value.map(element => read(template[0], element, where));
	return Object.fromEntries(Object.entries(template).map(([key, inner]) => {
		if (value[key] === undefined)
			throw new Failure([cockpit.format(
				_("vfioboot did not say '$0'; install the same version of " +
				  "vfioboot and cockpit-vfioboot"), `${where}.${key}`)]);
		return [key, read(inner, value[key], `${where}.${key}`)];
	}));
}

function parse(text, kind) {
	try {
		return read(answers[kind], JSON.parse(text), kind);
	} catch (error) {
		if (error instanceof Failure)
			throw error;
		throw new Failure([cockpit.format(_("Cannot read the answer of vfioboot: $0"),
						  error.message)]);
	}
}

function problemText(error) {
	switch (error.problem) {
	case "access-denied":
	case "authentication-failed":
		return _("This needs administrative access, which this session does not have " +
			 "(any more). Turn it on at the top of Cockpit, and try again.");
	case "not-found":
		return _("The program vfioboot is not installed. Install the package vfioboot.");
	case "disconnected":
	case "terminated":
		return _("The connection to the machine was lost. Reload this page.");
	default:
		return error.message;
	}
}

/* The lines of stderr, without the name of the command, which the page shows itself. */
function messageLines(text) {
	return (text ?? "").split("\n").filter(line => line)
			.map(line => line.replace(/^vfioboot( [a-z]+)?: /, ""));
}

/*
 * Runs `vfioboot ARGUMENTS...`.  @superuser is "require" for what changes something, and "try" for
 * what can be seen without.  @onText gets standard output piece by piece.  Returns the exit
 * status, standard output and the lines of standard error, or throws a Failure.
 */
export function run(argv, { superuser = "require", onText = null } = {}) {
	return new Promise((resolve, reject) => {
		let output = "";

		cockpit.spawn(["vfioboot", ...argv], { superuser, err: "message" })
				.stream(text => {
					output += text;
					onText?.(text);
				})
				.then((_data, message) => resolve({
					status: 0, output, messages: messageLines(message)
				}), error => {
					if (error.problem || error.exit_signal)
						reject(new Failure([problemText(error)]));
					else
						resolve({
							status: error.exit_status, output,
							messages: messageLines(error.message)
						});
				});
	});
}

/* What the command answers with --json; "answer" is what answers.js lists. */
export async function ask(argv, superuser = "try") {
	const { output, messages } = await run([...argv, "--json"], { superuser });

	if (!output.trim())
		throw new Failure(messages);
	return { answer: parse(output, argv[0]), messages };
}

/*
 * Runs a command that prints a line of JSON for each event, and calls @onEvent with each as it
 * comes.  Returns as run().
 */
export function runSteps(argv, onEvent) {
	let rest = "";

	return run([...argv, "--json"], {
		onText: text => {
			const lines = (rest + text).split("\n");

			rest = lines.pop();
			lines.filter(line => line).forEach(line => onEvent(parse(line, "event")));
		}
	});
}
