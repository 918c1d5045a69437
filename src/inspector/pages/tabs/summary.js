/** The summary tab: the request, its outcome, and what was done with the record since. */

import { quoted } from "../data/filter_terms.js";
import { copyAndSay } from "../view/clipboard.js";
import { h } from "../view/dom.js";
import { bytes, clock, duration, exactTime, plural } from "../view/format.js";
import { duplicateChip, isError, outcomeText, statusPill } from "../view/status_mark.js";
import { bodySection, factList, section } from "./parts.js";

/** @typedef {import("./context.js").TabContext} TabContext */
/** @typedef {import("../data/types.js").Relative} Relative */

/** @type {import("./context.js").Tab} */
export async function summaryTab(box, context) {
    const { exchange } = context;
    const [request, response] = await Promise.all([bodySection(context, "request"), bodySection(context, "response")]);
    if (context.signal.aborted) return;
    box.replaceChildren(
        ...present([
            failureNotice(exchange),
            duplicateNotice(exchange),
            comment(context),
            facts(context),
            // Why it failed is what the app responded.
            isError(exchange) && h("div", { class: "bodies" }, response),
            replays(context),
            attempts(context),
            h("div", { class: "bodies" }, request, !isError(exchange) && response),
        ]),
    );
}

/** @param {(Node|null|false)[]} nodes */
const present = (nodes) => /** @type {Node[]} */ (nodes.filter(Boolean));

/** @param {import("../data/types.js").Exchange} exchange */
function failureNotice(exchange) {
    if (!exchange.failure) return null;
    return h(
        "p",
        { class: "notice tone-bad" },
        h("strong", null, `${outcomeText(exchange.failure.code).replace(/^./, (c) => c.toUpperCase())}. `),
        exchange.failure.message,
    );
}

/** @param {import("../data/types.js").Exchange} exchange */
function duplicateNotice(exchange) {
    if (!exchange.duplicate) return null;
    return h(
        "p",
        { class: "notice tone-warn" },
        h("strong", null, "Duplicate. "),
        "An earlier attempt of this delivery got a 2xx response too: the app has processed it more than once.",
    );
}

/** @param {TabContext} context */
function comment({ exchange, actions }) {
    if (!exchange.comment) return null;
    return h(
        "p",
        { class: "notice comment" },
        exchange.comment,
        h("button", { type: "button", class: "text-button", onclick: () => actions.comment(exchange) }, "Edit"),
    );
}

/** @param {TabContext} context */
function facts(context) {
    const { exchange } = context;
    const { request, response } = exchange;
    const term = (/** @type {string} */ key, /** @type {string|null} */ value) =>
        value &&
        h(
            "button",
            {
                type: "button",
                class: "value filters",
                title: "Add to the filter",
                onclick: () => context.addTerm(`${key}:${quoted(value)}`),
            },
            value,
        );
    return factList([
        ["URL", exchange.public_url && copiedValue(exchange.public_url)],
        ["Sent to", exchange.app && h("span", { class: "mono" }, exchange.app)],
        ["Caller", term("ip", exchange.caller)],
        ["Arrived", exactTime(exchange.started_at)],
        ["Error code", term("outcome", exchange.failure?.code ?? null)],
        ["Request", `${bytes(request.body.length)} body, ${plural(request.fields.length, "header")}`],
        ["Response", response && `${bytes(response.body.length)} body, ${plural(response.fields.length, "header")}`],
        ["Provider", term("provider", exchange.provider)],
        ["Event", term("event", exchange.event)],
        ["Delivery", term("delivery", exchange.delivery)],
        ["Replay of", exchange.parent && recordLink(context, exchange.parent, exchange.parent)],
        ["Edits", editsText(exchange.edits ?? null)],
        ["Id", term("id", exchange.id)],
    ]);
}

/** @param {string} url a long one scrolls, so that the rest stays in sight */
const copiedValue = (url) =>
    h(
        "span",
        { class: "copied" },
        h("span", { class: "mono long-value", tabindex: "0", role: "group", "aria-label": "URL" }, url),
        h("button", { type: "button", class: "text-button", onclick: () => copyAndSay(url) }, "Copy"),
    );

/** @param {import("../data/types.js").Edits|null} edits */
function editsText(edits) {
    if (!edits) return null;
    const changed = [];
    if (edits.raw_base64) changed.push("the whole message");
    if (edits.method) changed.push(`method ${edits.method}`);
    if (edits.target) changed.push(`target ${edits.target}`);
    if (edits.fields || edits.set?.length || edits.unset?.length) changed.push("headers");
    if (edits.body_text !== undefined || edits.body_base64 !== undefined || edits.json?.length) changed.push("body");
    return changed.join(", ");
}

/**
 * @param {TabContext} context
 * @param {string} id
 * @param {string} text
 */
const recordLink = (context, id, text) =>
    h(
        "button",
        { type: "button", class: "value link", onclick: () => context.go({ id, tab: "summary", other: null }) },
        text,
    );

/** @param {TabContext} context */
function replays(context) {
    const { exchange } = context;
    if (exchange.children.length === 0) return null;
    const table = h(
        "table",
        { class: "relatives" },
        h("tbody", null, ...exchange.children.map((child) => relativeRow(context, child, sameness(child)))),
    );
    return section("Replays", String(exchange.children.length), table);
}

/** @param {TabContext} context */
function attempts(context) {
    const { exchange } = context;
    if (exchange.attempts.length < 2) return null;
    const rows = exchange.attempts.map((attempt, i) =>
        relativeRow(context, attempt, [
            h("span", { class: "muted" }, `attempt ${i + 1}`),
            typeof attempt.gap_us === "number" && h("span", { class: "muted gap" }, `+${duration(attempt.gap_us)}`),
            // A replay is an attempt that was asked for.
            attempt.origin === "replay" ? h("span", { class: "chip" }, "replay") : attempt.duplicate && duplicateChip(),
        ]),
    );
    return section(
        "Attempts of this delivery",
        String(exchange.attempts.length),
        h("table", { class: "relatives" }, h("tbody", null, ...rows)),
    );
}

/** @param {Relative} child */
function sameness(child) {
    const chip = (/** @type {boolean|null|undefined} */ same, /** @type {string} */ what) =>
        typeof same === "boolean" &&
        h("span", { class: `chip tone-${same ? "ok" : "warn"}` }, `${same ? "same" : "other"} ${what}`);
    return [
        chip(child.same_status, "status"),
        chip(child.same_body, "body"),
        child.edited && h("span", { class: "chip" }, "edited"),
    ];
}

/**
 * @param {TabContext} context
 * @param {Relative} relative
 * @param {import("../view/dom.js").Child[]} notes
 */
function relativeRow(context, relative, notes) {
    const { exchange } = context;
    const here = relative.id === exchange.id;
    const status = {
        state: /** @type {const} */ ("complete"),
        status: relative.status,
        outcome: relative.outcome ?? null,
    };
    const compare = () => context.go({ tab: "diff", other: relative.id });
    return h(
        "tr",
        { class: here ? "here" : null },
        h("td", null, statusPill(status)),
        h(
            "td",
            null,
            here
                ? h("span", { class: "muted" }, "this one")
                : recordLink(context, relative.id, clock(relative.started_at)),
        ),
        h("td", { class: "muted numeric" }, duration(relative.duration_us)),
        h("td", { class: "chips" }, ...notes),
        h(
            "td",
            { class: "end" },
            !here && h("button", { type: "button", class: "text-button", onclick: compare }, "Compare"),
        ),
    );
}
