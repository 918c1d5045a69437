/** What the outcome of an exchange looks like: its colour, its words, its chip. The only place that decides either. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { words } from "./format.js";

/** @typedef {import("../data/types.js").Summary} Summary */
/** @typedef {"ok"|"info"|"warn"|"bad"|"none"} Tone */

/**
 * @param {number|null} status
 * @returns {Tone}
 */
export function toneOfStatus(status) {
    if (status === null) return "bad";
    if (status >= 500) return "bad";
    if (status >= 400) return "warn";
    if (status >= 300 || status < 200) return "info";
    return "ok";
}

/**
 * A response that broke off is not a success, whatever its status code is.
 * @param {Pick<Summary, "state"|"status"|"outcome">} record
 * @returns {Tone}
 */
export function toneOf({ state, status, outcome }) {
    if (state === "pending" && status === null) return "none";
    if (state === "failed") return "bad";
    if (state === "aborted") return outcome === "caller-gone" ? "warn" : "bad";
    return toneOfStatus(status);
}

/**
 * As `is:error` of a filter.
 * @param {Pick<Summary, "state"|"status">} record
 */
export const isError = ({ state, status }) => state === "failed" || state === "aborted" || (status ?? 0) >= 400;

/** @type {Record<string, string>} what a developer calls what `outcome` names in the terms of X-Tunnel-Error */
const outcomes = {
    "local-refused": "app not running",
    "local-unreachable": "app unreachable",
    "local-timeout": "app timed out",
    "local-connect-timeout": "app does not accept",
    "local-reset": "app disconnected",
    "local-bad-answer": "app sent invalid HTTP",
    "local-response-too-large": "response head too large",
    "caller-closed": "caller disconnected",
    "caller-gone": "caller disconnected",
    "shutting-down": "tunnel-client stopped",
    client_ended: "tunnel-client ended",
};

/** @param {string} outcome */
export const outcomeText = (outcome) => outcomes[outcome] ?? words(outcome);

/** @param {Pick<Summary, "state"|"status">} record */
export function statusText(record) {
    if (record.status !== null) return String(record.status);
    return record.state === "pending" ? "···" : record.state === "aborted" ? "abort" : "fail";
}

/** @param {Pick<Summary, "state"|"status"|"outcome">} record */
export function statusTitle(record) {
    if (record.state === "pending") return "In progress";
    if (record.outcome) return outcomeText(record.outcome);
    return record.status === null ? "No response" : `Status ${record.status}`;
}

/** @param {Pick<Summary, "state"|"status"|"outcome">} record */
export function statusPill(record) {
    return h(
        "span",
        {
            class: `status tone-${toneOf(record)}${record.state === "pending" ? " pending" : ""}`,
            title: statusTitle(record),
        },
        statusText(record),
    );
}

export const duplicateChip = () =>
    h(
        "span",
        { class: "chip tone-warn", title: "An earlier attempt of this delivery got a 2xx response too" },
        "duplicate",
    );

/** @type {Record<import("../data/types.js").Verdict, {tone: Tone, text: string}>} */
const verdicts = {
    valid: { tone: "ok", text: "signature valid" },
    invalid: { tone: "bad", text: "signature invalid" },
    stale: { tone: "warn", text: "signature stale" },
    unsigned: { tone: "warn", text: "unsigned" },
    no_secret: { tone: "none", text: "no secret" },
    truncated: { tone: "none", text: "body cut" },
    unknown: { tone: "none", text: "signature unknown" },
};

/** @param {import("../data/types.js").Verdict} verdict */
export const verdictOf = (verdict) => verdicts[verdict] ?? verdicts.unknown;

/**
 * @param {import("../data/types.js").Verdict} verdict
 * @param {boolean} [short] for the list: a check mark where it is valid
 */
export function verdictChip(verdict, short) {
    const { tone, text } = verdictOf(verdict);
    const plain = verdict === "valid";
    return h(
        "span",
        { class: `chip tone-${tone}${plain ? " plain" : ""}`, title: text },
        plain && icon("check"),
        short ? (plain ? h("span", { class: "visually-hidden" }, text) : text.replace("signature ", "sig ")) : text,
    );
}
