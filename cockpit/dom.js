/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of the page, in PatternFly's classes. */
const _ = window.cockpit.gettext;

/* An element; attributes of "on..." are listeners, false and null are left out. */
export function h(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (value !== false && value !== null && value !== undefined)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat(2).filter(child => child !== null && child !== false));
	return element;
}

export function button(id, text, onclick, { kind = "secondary", disabled = false, label = null } = {}) {
	return h("button", {
		type: "button", id, class: `pf-v6-c-button pf-m-${kind} pf-m-small`, disabled,
		"aria-label": label, onclick
	}, text);
}

const severities = {
	danger: () => _("Error:"),
	warning: () => _("Warning:"),
	info: () => _("Note:"),
	success: () => _("Done:")
};

/* An alert, with lines below its title. */
export function alert(kind, title, ...lines) {
	return h("div", { class: `pf-v6-c-alert pf-m-inline pf-m-${kind}` },
		 h("p", { class: "pf-v6-c-alert__title" },
		   h("span", { class: "pf-v6-screen-reader" }, `${severities[kind]()} `), title),
		 lines.length > 0 && h("div", { class: "pf-v6-c-alert__description" },
				       lines.map(line => h("p", {}, line))));
}

/* The colour is never all that says it: the text does. */
export function label(text, colour = "grey") {
	return h("span", { class: `pf-v6-c-label pf-m-compact pf-m-${colour}` },
		 h("span", { class: "pf-v6-c-label__content" },
		   h("span", { class: "pf-v6-c-label__text" }, text)));
}

/*
 * A table.  On a narrow screen a row is a block, which would be no table to a screen reader any more:
 * so the roles are said.  A row is an array of cells, or { group: TEXT } for a heading in between.
 */
export function table(caption, headings, rows) {
	const cell = (content, i) => h("td", {
		class: "pf-v6-c-table__td", role: "cell", "data-label": headings[i]
	}, content);
	const group = text => h("tr", { class: "pf-v6-c-table__tr group", role: "row" },
				h("th", {
					class: "pf-v6-c-table__th", role: "rowheader", scope: "rowgroup",
					colspan: headings.length
				}, text));

	return h("table", {
		class: "pf-v6-c-table pf-m-compact pf-m-grid-md", role: "table", "aria-label": caption
	},
		 h("thead", { class: "pf-v6-c-table__thead", role: "rowgroup" },
		   h("tr", { class: "pf-v6-c-table__tr", role: "row" }, headings.map(heading =>
			h("th", {
				class: "pf-v6-c-table__th pf-m-wrap", role: "columnheader", scope: "col"
			}, heading)))),
		 h("tbody", { class: "pf-v6-c-table__tbody", role: "rowgroup" }, rows.map(row =>
			 row.group ? group(row.group)
				 : h("tr", { class: "pf-v6-c-table__tr", role: "row" }, row.map(cell)))));
}

/* A part of the page with a heading, and buttons beside it. */
export function card(id, title, actions, ...content) {
	return h("section", { id, class: "pf-v6-c-card", "aria-labelledby": `${id}-title` },
		 h("div", { class: "pf-v6-c-card__header" },
		   h("div", { class: "pf-v6-c-card__header-main" },
		     h("h2", { class: "pf-v6-c-card__title-text", id: `${id}-title`, tabindex: "-1" }, title)),
		   h("div", { class: "pf-v6-c-card__actions" }, actions)),
		 h("div", { class: "pf-v6-c-card__body" }, content));
}

export function spinner(text) {
	return h("p", { class: "waiting" },
		 h("span", { class: "turning", "aria-hidden": "true" }), text);
}

/* What a screen reader says next. */
export function announce(text) {
	document.getElementById("news").textContent = text;
}

/* Where the focus is: a control, and the heading of its part of the page. */
export function rememberFocus() {
	const focused = document.activeElement;

	return [focused?.id, focused?.closest("section")?.querySelector("h2")?.id];
}

/* There again, after the page was drawn again, or where that control is gone, at its heading. */
export function restoreFocus(ids) {
	ids.map(id => id && document.getElementById(id)).find(element => element)?.focus();
}

/*
 * A dialog, shown until close() is called.  @busy() says whether Escape has to wait.  Its contents are the
 * caller's to replace: body and footer.
 */
export function dialog(id, title, { busy = () => false } = {}) {
	const opener = rememberFocus();
	const body = h("div", { class: "pf-v6-c-modal-box__body", tabindex: "0" });
	const footer = h("footer", { class: "pf-v6-c-modal-box__footer" });
	const element = h("dialog", {
		id, class: "pf-v6-c-modal-box pf-m-md", "aria-labelledby": `${id}-title`,
		oncancel: event => busy() && event.preventDefault(),
		/* The second time Chromium closes it all the same. */
		onkeydown: event => event.key === "Escape" && busy() && event.preventDefault(),
		onclose: () => {
			element.remove();
			if (document.activeElement === document.body)
				restoreFocus(opener);
		}
	},
			  h("header", { class: "pf-v6-c-modal-box__header" },
			    h("h1", { class: "pf-v6-c-modal-box__title", id: `${id}-title` },
			      h("span", { class: "pf-v6-c-modal-box__title-text" }, title))),
			  body, footer);

	document.body.append(element);
	element.showModal();
	return { element, body, footer, close: () => element.close() };
}
