/** The tabs Request and Response: start line, query, fields, trailers and body of one message. */

import { quoted } from "../data/filter_terms.js";
import { formPairs } from "../body/forms.js";
import { formTable } from "../body/body_view.js";
import { h } from "../view/dom.js";
import { splitTarget } from "../view/format.js";
import { bodySection, fieldTable, fieldTerm, section } from "./parts.js";

/** @typedef {import("../data/types.js").Side} Side */
/** @typedef {import("../data/types.js").Half} Half */

/**
 * @param {Side} side
 * @returns {import("./context.js").Tab}
 */
const messageTab = (side) => async (box, context) => {
    const half = context.exchange[side];
    if (!half) {
        box.replaceChildren(absence(context.exchange));
        return;
    }
    const body = await bodySection(context, side);
    if (context.signal.aborted) return;
    const parts = [
        side === "response" && ownResponseNotice(half),
        startLine(half),
        side === "request" && querySection(context),
        side === "response" && interimSection(context),
        section("Headers", String(half.fields.length), fieldTable(half.fields, fieldTerm(context, side))),
        body,
        half.trailers.length > 0 &&
            section("Trailers", String(half.trailers.length), fieldTable(half.trailers, fieldTerm(context, side))),
    ];
    box.replaceChildren(.../** @type {Node[]} */ (parts.filter(Boolean)));
};

export const requestTab = messageTab("request");
export const responseTab = messageTab("response");

/** @param {Half} half a long one scrolls, so that the headers stay in sight */
const startLine = ({ start_line }) =>
    h("p", { class: "start-line mono", tabindex: "0", role: "group", "aria-label": "Start line" }, start_line);

/** @param {Half} half */
function ownResponseNotice({ fields }) {
    if (!fields.some(([name]) => name.toLowerCase() === "x-tunnel-error")) return null;
    return h("p", { class: "notice tone-bad" }, "tunnel-client made this response, not the app.");
}

/** @param {import("../data/types.js").Exchange} exchange */
function absence(exchange) {
    const why =
        exchange.state === "pending"
            ? "The app has not responded yet."
            : (exchange.failure?.message ?? "There is no response.");
    return h("p", { class: "nothing" }, why);
}

/**
 * @param {string} pair as it stands in the query
 * @param {string} name
 * @param {string} value
 */
function isPair(pair, name, value) {
    const [[itsName, itsValue]] = formPairs(pair);
    return itsName === name && itsValue === value;
}

/** @param {import("./context.js").TabContext} context */
function querySection(context) {
    const query = splitTarget(context.exchange.target)[1].slice(1);
    const pairs = formPairs(query);
    if (pairs.length === 0) return null;
    const onvalue = (/** @type {string[]} */ path, /** @type {string} */ value) =>
        context.addTerm(`query:${quoted(query.split("&").find((pair) => isPair(pair, path[0], value)) ?? value)}`);
    return section("Query", String(pairs.length), formTable(pairs, onvalue));
}

/** @param {import("./context.js").TabContext} context */
function interimSection(context) {
    const { interim } = context.exchange;
    if (interim.length === 0) return null;
    const heads = interim.map((half) =>
        h(
            "div",
            null,
            startLine(half),
            fieldTable(half.fields, fieldTerm(context, "response")),
        ),
    );
    return section("Interim responses", String(interim.length), ...heads);
}
