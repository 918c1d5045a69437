/** The menus of a record and of the list: what the page offers to do, apart from the buttons in sight. */

import * as api from "../data/api.js";
import { copyAndSay } from "./clipboard.js";
import { openFaults } from "./fault_dialog.js";
import { openMenu } from "./menu.js";
import { openStub } from "./stub_dialog.js";

/** @typedef {import("./actions.js").Actions} Actions */
/** @typedef {import("../data/types.js").Summary} Summary */

/** @type {{format: import("../data/types.js").Format, label: string}[]} */
const copyFormats = [
    { format: "curl", label: "curl" },
    { format: "httpie", label: "HTTPie" },
    { format: "fetch", label: "fetch" },
    { format: "http", label: ".http file" },
];

/**
 * @param {Actions} actions
 * @param {HTMLElement} anchor
 * @param {string} id
 */
export function copyMenu(actions, anchor, id) {
    openMenu(anchor, "Copy as", [
        ...copyFormats.map(({ format, label }) => ({ label, run: () => actions.copyAs(id, format, false) })),
        null,
        { label: "curl with secrets", run: () => actions.copyAs(id, "curl", true) },
        {
            label: "link to this record",
            run: () => copyAndSay(location.href),
        },
    ]);
}

/**
 * @param {Actions} actions
 * @param {HTMLElement} anchor
 * @param {Summary} record
 */
export function moreMenu(actions, anchor, record) {
    openMenu(anchor, "More", [
        {
            label: record.comment ? "Edit comment" : "Comment",
            hint: "n",
            symbol: "comment",
            run: () => actions.comment(record),
        },
        { label: "Replay twice at once", hint: "t", symbol: "replay", run: () => actions.deliverTwice(record.id) },
        { label: "Compare with another", hint: "D", symbol: "compare", run: () => actions.setBase(record.id) },
        {
            label: actions.watched.has(record.id) ? "Stop watching" : "Replay on restart",
            hint: "w",
            symbol: "watch",
            run: () => actions.watch(record.id),
        },
        null,
        { label: "Request body", symbol: "download", download: api.bodyUrl(record.id, "request") },
        { label: "Response body", symbol: "download", download: api.bodyUrl(record.id, "response") },
        { label: "Raw request", symbol: "download", download: api.exportUrl(record.id, "raw") },
        { label: "HAR", symbol: "download", download: api.exportUrl(record.id, "har") },
        null,
        { label: "Delete", hint: "x", symbol: "trash", danger: true, run: () => actions.remove(record) },
    ]);
}

/**
 * @param {Actions} actions
 * @param {HTMLElement} anchor
 */
export function listMenu(actions, anchor) {
    const { q } = actions.place.current;
    const which = q ? "matching" : "all";
    openMenu(anchor, "Records", [
        { label: `Replay ${which}`, symbol: "replay", run: () => actions.replayMatching() },
        { label: "Expect requests", hint: "E", symbol: "check", run: () => actions.expect() },
        { label: "Faults on purpose", symbol: "alert", run: openFaults },
        { label: "Responses of --stub", symbol: "plug", run: openStub },
        null,
        { label: `Export ${which} as HAR`, symbol: "download", download: api.exportMatchingUrl(q, "har") },
        { label: `Export ${which} as NDJSON`, symbol: "download", download: api.exportMatchingUrl(q, "ndjson") },
        { label: "Import HAR or NDJSON", symbol: "upload", run: () => actions.importFile() },
        null,
        { label: q ? "Delete matching" : "Clear", symbol: "trash", danger: true, run: () => actions.clear() },
    ]);
}
