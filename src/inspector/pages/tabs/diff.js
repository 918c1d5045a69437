/** What differs between this record and another: by default its parent, or its newest replay. */

import { ApiError, diffExchanges } from "../data/api.js";
import { h } from "../view/dom.js";
import { icon } from "../view/icons.js";
import { bytes, clock, count, duration } from "../view/format.js";
import { statusPill } from "../view/status_mark.js";
import { section } from "./parts.js";

/** @typedef {import("../data/types.js").HalfDiff} HalfDiff */
/** @typedef {import("../data/types.js").BodyDiff} BodyDiff */
/** @typedef {import("../data/types.js").Summary} Summary */

/** @type {import("./context.js").Tab} */
export async function diffTab(box, context) {
    const { exchange, other } = context;
    let diff;
    try {
        // The older one stands first, so that what was added reads as added.
        diff = await diffExchanges(other ?? exchange.id, other ? exchange.id : null, context.signal);
    } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "no_counterpart") throw error;
        box.replaceChildren(nothingToCompare(context));
        return;
    }
    if (context.signal.aborted) return;
    box.replaceChildren(heading(diff, context), half("Response", diff.response), half("Request", diff.request));
}

/** @param {import("./context.js").TabContext} context */
function nothingToCompare({ actions, exchange }) {
    return h(
        "div",
        { class: "nothing" },
        h("p", null, "This record has no replay to compare with."),
        h(
            "p",
            { class: "muted" },
            "Replay it, or choose another record: press ",
            h("kbd", null, "D"),
            " here, then go to the other one and press ",
            h("kbd", null, "d"),
            ".",
        ),
        h(
            "button",
            { type: "button", class: "button primary", onclick: () => actions.replay(exchange.id) },
            icon("replay"),
            "Replay and compare",
        ),
    );
}

/**
 * @param {import("../data/types.js").Diff} diff
 * @param {import("./context.js").TabContext} context
 */
function heading(diff, context) {
    const side = (/** @type {Summary} */ record, /** @type {string} */ sign) =>
        h(
            "button",
            {
                type: "button",
                class: "diff-side",
                onclick: () => context.go({ id: record.id, tab: "summary", other: null }),
                title: record.target,
            },
            h("span", { class: `diff-sign ${sign === "−" ? "removed" : "added"}` }, sign),
            statusPill(record),
            h("span", { class: "diff-target mono" }, `${record.method} ${record.target}`),
            h("span", { class: "muted numeric" }, duration(record.duration_us)),
            h("span", { class: "muted" }, `${record.origin === "replay" ? "replay " : ""}${clock(record.started_at)}`),
        );
    const verdict = diff.equal ? "No differences, apart from headers such as Date." : differences(diff);
    return h(
        "div",
        { class: "diff-head" },
        side(diff.a, "−"),
        side(diff.b, "+"),
        h("p", { class: `notice tone-${diff.equal ? "none" : "warn"}` }, verdict),
    );
}

/** @param {import("../data/types.js").Diff} diff */
function differences(diff) {
    const parts = [];
    for (const [name, one] of /** @type {[string, HalfDiff][]} */ ([
        ["request", diff.request],
        ["response", diff.response],
    ])) {
        if (one.start_line.a !== one.start_line.b) parts.push(name === "response" ? "status" : "request line");
        if (one.fields.some((field) => field.op !== "same" && field.op !== "ignored")) parts.push(`${name} headers`);
        if (!one.body.equal && one.body.kind !== "unknown") parts.push(`${name} body`);
    }
    return parts.length > 0 ? `Different: ${parts.join(", ")}.` : "No differences in what was compared.";
}

/**
 * @param {string} title
 * @param {HalfDiff} one
 */
function half(title, one) {
    if (one.equal) return h("p", { class: "same-half" }, h("strong", null, title), " same");
    return section(title, null, startLine(one), fields(one), body(one.body));
}

/** @param {HalfDiff} one */
function startLine({ start_line: { a, b } }) {
    if (a === b) return null;
    return lines([
        { op: "-", text: a ?? "(none)" },
        { op: "+", text: b ?? "(none)" },
    ]);
}

/** @param {HalfDiff} one */
function fields(one) {
    const changed = one.fields.filter((field) => field.op !== "same" && field.op !== "ignored");
    if (changed.length === 0) return null;
    const rows = changed.map((field) => changeRow(field.name, field.a, field.b));
    return h("table", { class: "changes" }, h("caption", null, "Headers"), h("tbody", null, ...rows));
}

/**
 * @param {string} name
 * @param {string|null|undefined} a
 * @param {string|null|undefined} b
 */
function changeRow(name, a, b) {
    return h(
        "tr",
        null,
        h("th", { scope: "row" }, name),
        h("td", null, typeof a === "string" && h("del", null, a), typeof b === "string" && h("ins", null, b)),
    );
}

/** @param {BodyDiff} diff */
function body(diff) {
    if (diff.equal) return null;
    const limited = diff.limited && h("p", { class: "muted" }, "Only the first differences are listed.");
    switch (diff.kind) {
        case "json": {
            const rows = (diff.json ?? []).map((change) =>
                changeRow(change.pointer || "(whole value)", change.a, change.b),
            );
            return h(
                "div",
                null,
                h("table", { class: "changes" }, h("caption", null, "Body, as JSON"), h("tbody", null, ...rows)),
                limited,
            );
        }
        case "text":
            return h("div", null, h("p", { class: "caption" }, "Body, line by line"), lines(diff.lines ?? []), limited);
        case "cut":
            return h("p", { class: "muted" }, "The bodies differ; not all of them was kept.");
        case "unknown":
            return h("p", { class: "muted" }, "The same as far as both were kept; the rest was not compared.");
        default:
            return h("p", null, bytesText(diff));
    }
}

/** @param {BodyDiff} diff */
function bytesText(diff) {
    const at =
        diff.first_difference === null || diff.first_difference === undefined
            ? ""
            : ` The first byte that differs is byte ${count(diff.first_difference)}.`;
    return `The bodies differ: ${bytes(diff.a_length ?? 0)} and ${bytes(diff.b_length ?? 0)}.${at}`;
}

/** @type {Record<string, string>} */
const lineClasses = { "-": "removed", "+": "added", "=": "same", "@": "gap" };

/** @param {{op: string, text: string}[]} list */
function lines(list) {
    const rows = list.map(({ op, text }) =>
        h(
            "div",
            { class: `diff-line ${lineClasses[op]}` },
            h("span", { class: "diff-op" }, op === "-" ? "−" : op === "+" ? "+" : " "),
            h("span", { class: "diff-text" }, op === "@" ? "⋯" : text || " "),
        ),
    );
    return h(
        "div",
        { class: "diff-lines mono", tabindex: "0", role: "group", "aria-label": "Lines that differ" },
        ...rows,
    );
}
