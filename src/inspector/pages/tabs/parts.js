/** What several tabs are made of: sections, tables of fields, and a body that is fetched. */

import { bodyUrl, viewBody } from "../data/api.js";
import { jsonTerm, quoted } from "../data/filter_terms.js";
import { bodyView } from "../body/body_view.js";
import { h } from "../view/dom.js";
import { icon } from "../view/icons.js";
import { bytes } from "../view/format.js";

/** @typedef {import("./context.js").TabContext} TabContext */
/** @typedef {import("../data/types.js").Side} Side */
/** @typedef {import("../view/dom.js").Child} Child */

/**
 * @param {string} title
 * @param {string|null} note
 * @param {...Child} children
 */
export function section(title, note, ...children) {
    const summary = h(
        "summary",
        null,
        icon("right"),
        h("h3", null, title),
        note && h("span", { class: "section-note" }, note),
    );
    return h("details", { class: "section", open: true }, summary, ...children);
}

/**
 * Name and value of each; a click on a value adds it to the filter.
 * @param {import("../data/types.js").Field[]} fields
 * @param {(name: string, value: string) => void} onvalue
 */
export function fieldTable(fields, onvalue) {
    const rows = fields.map(([name, value]) =>
        h(
            "tr",
            null,
            h("th", { scope: "row" }, name),
            h(
                "td",
                null,
                h(
                    "button",
                    {
                        type: "button",
                        class: "value filters",
                        title: "Add to the filter",
                        onclick: () => onvalue(name, value),
                    },
                    value || "(empty)",
                ),
            ),
        ),
    );
    return h("table", { class: "pairs" }, h("tbody", null, ...rows));
}

/**
 * @param {TabContext} context
 * @param {Side} side
 */
export const fieldTerm = (context, side) => (/** @type {string} */ name, /** @type {string} */ value) =>
    context.addTerm(`${side === "request" ? "reqheader" : "resheader"}.${name.toLowerCase()}=${quoted(value)}`);

/**
 * A body, fetched and shown as it suits.
 * @param {TabContext} context
 * @param {Side} side
 */
export async function fetchedBody(context, side) {
    const { exchange, signal } = context;
    const view = await viewBody(exchange.id, side, signal);
    return bodyView(view, {
        onvalue: (path, value) => context.addTerm(jsonTerm(path, value)),
        downloadUrl: bodyUrl(exchange.id, side),
    });
}

/**
 * @param {TabContext} context
 * @param {Side} side
 */
export async function bodySection(context, side) {
    const half = context.exchange[side];
    if (!half) return null;
    const title = side === "request" ? "Request body" : "Response body";
    if (half.body.length === 0) return section(title, "empty");
    return section(title, bytes(half.body.length), await fetchedBody(context, side));
}

/**
 * A list of facts; those without a value are left out.
 * @param {[string, Child][]} facts
 */
export function factList(facts) {
    const rows = facts
        .filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "")
        .map(([name, value]) =>
            h("div", { class: name === "URL" ? "fact wide" : "fact" }, h("dt", null, name), h("dd", null, value)),
        );
    return h("dl", { class: "facts" }, ...rows);
}
