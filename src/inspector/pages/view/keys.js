/** The keyboard: one table that is both what the keys do and what the help says. */

import { filterKeys } from "../data/filter_terms.js";
import { openDialog } from "./dialog.js";
import { button } from "./buttons.js";
import { h } from "./dom.js";
import { menuIsOpen } from "./menu.js";

/**
 * @typedef {object} Key
 * @property {string[]} keys as `KeyboardEvent.key` has them
 * @property {string} says
 * @property {(event: KeyboardEvent) => void} run
 * @property {boolean} [inList] only where nothing else has the focus that could want this key
 */

/** @type {Record<string, string>} */
const names = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", Enter: "⏎", PageDown: "PgDn", PageUp: "PgUp" };

/** @param {Key[]} table */
export function listenToKeys(table) {
    document.addEventListener("keydown", (event) => {
        if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || menuIsOpen()) return;
        if (document.querySelector("dialog[open]")) return;
        const target = /** @type {HTMLElement} */ (event.target);
        if (target.matches("input, textarea, select")) return;
        const inList = target === document.body || target.id === "list";
        const key = table.find(({ keys, inList: needsList }) => keys.includes(event.key) && (!needsList || inList));
        if (!key) return;
        event.preventDefault();
        key.run(event);
    });
}

/**
 * A long row of keys as its first and its last.
 * @param {string[]} keys
 */
const shown = (keys) => (keys.length > 3 ? [keys[0], "…", keys[keys.length - 1]] : keys);

/** @param {Key[]} table */
export function openHelp(table) {
    const rows = table.map(({ keys, says }) =>
        h(
            "div",
            { class: "help-row" },
            h("span", null, ...shown(keys).map((key) => h("kbd", null, names[key] ?? key))),
            h("span", null, says),
        ),
    );
    const filters = filterKeys.map(({ key, example, says }) =>
        h("div", { class: "help-row" }, h("code", null, example), h("span", null, key === "is" ? `is: ${says}` : says)),
    );
    const language = h(
        "p",
        { class: "muted" },
        "Terms side by side must all match; ",
        h("code", null, "OR"),
        ", parentheses and a minus sign before a term work too. ",
        h("code", null, '"text"'),
        " and ",
        h("code", null, "/regex/"),
        " look everywhere.",
    );
    const dialog = openDialog(
        "Keys and filters",
        "help",
        [
            h("section", null, h("h3", null, "Keys"), ...rows),
            h("section", null, h("h3", null, "Filters"), language, ...filters),
        ],
        [button("Close", null, () => dialog.close(), { class: "button primary" })],
    );
}
