/** Where the time went, as bars over the length of the exchange. */

import { h } from "../view/dom.js";
import { duration } from "../view/format.js";

/** @typedef {import("../data/types.js").Exchange} Exchange */
/** @typedef {{name: string, says: string, from: number, to: number, kind: string}} Phase */

/** @type {import("./context.js").Tab} */
export async function timingTab(box, { exchange }) {
    const phases = phasesOf(exchange);
    if (phases.length === 0) {
        box.replaceChildren(h("p", { class: "nothing" }, "Nothing was timed: the request was not sent to the app."));
        return;
    }
    const total = Math.max(...phases.map((phase) => phase.to), 1);
    const rows = phases.map((phase) => phaseRow(phase, total));
    const end = exchange.state === "pending" ? "So far" : "Total";
    box.replaceChildren(
        h(
            "table",
            { class: "timing" },
            h("caption", { class: "visually-hidden" }, "Phases of the exchange"),
            h("tbody", null, ...rows),
            h(
                "tfoot",
                null,
                h(
                    "tr",
                    null,
                    h("th", { scope: "row" }, end),
                    h("td", null, scale(total)),
                    h("td", { class: "numeric" }, duration(exchange.duration_us ?? total)),
                ),
            ),
        ),
        exchange.timing.reused ? h("p", { class: "muted" }, "The connection to the app was open already.") : "",
    );
}

/**
 * @param {Exchange} exchange
 * @returns {Phase[]}
 */
function phasesOf({ timing, duration_us: whole }) {
    /** @type {[string, string, number|null, number|null, string][]} */
    const steps = [
        ["Queued", "Before a connection to the app was begun", 0, timing.connect_us, "queued"],
        ["Connect", "Until the app accepted the connection", timing.connect_us, timing.connected_us, "connect"],
        ["Send", "Until the request was sent whole", timing.connected_us, timing.sent_us, "send"],
        ["Wait", "Until the first byte of the response", timing.sent_us, timing.first_byte_us, "wait"],
        [
            "Receive",
            "Until the last byte of the response",
            timing.first_byte_us,
            timing.last_byte_us ?? whole,
            "receive",
        ],
    ];
    const phases = [];
    for (const [name, says, from, to, kind] of steps) {
        if (from !== null && to !== null) phases.push({ name, says, from: Math.min(from, to), to, kind });
    }
    return phases;
}

/**
 * @param {Phase} phase
 * @param {number} total
 */
function phaseRow(phase, total) {
    const bar = h("div", { class: `bar ${phase.kind}` });
    bar.style.marginLeft = `${(phase.from / total) * 100}%`;
    bar.style.width = `${((phase.to - phase.from) / total) * 100}%`;
    return h(
        "tr",
        null,
        h("th", { scope: "row" }, phase.name, h("span", { class: "phase-says" }, phase.says)),
        h("td", { class: "track" }, bar),
        h("td", { class: "numeric" }, duration(phase.to - phase.from)),
    );
}

/** @param {number} total */
function scale(total) {
    const marks = [0, 0.25, 0.5, 0.75, 1].map((share) =>
        h("span", null, share === 0 ? "0" : duration(Math.round(total * share))),
    );
    return h("div", { class: "scale", "aria-hidden": "true" }, ...marks);
}
