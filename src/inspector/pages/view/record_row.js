/** One row of the list: built once, then filled with one record after the other as the list scrolls. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { bytes, duration, exactTime, splitTarget, when } from "./format.js";
import { duplicateChip, outcomeText, statusText, statusTitle, toneOf, verdictChip } from "./status_mark.js";

/** @typedef {import("../data/types.js").Summary} Summary */

export class RecordRow {
    constructor() {
        this.status = h("span", { class: "status" });
        this.method = h("span", { class: "method" });
        this.path = h("span", { class: "path" });
        this.query = h("span", { class: "query" });
        this.duration = h("span", { class: "row-duration" });
        this.time = h("time", { class: "row-time" });
        this.notes = h("span", { class: "row-notes" });
        this.size = h("span", { class: "row-size" });
        this.element = h(
            "div",
            { class: "row", role: "option" },
            h("span", { class: "row-status" }, this.status),
            h("span", { class: "row-target" }, this.method, h("span", { class: "target" }, this.path, this.query)),
            this.duration,
            h("span", { class: "row-second" }, this.time, this.notes),
            this.size,
        );
        /** @type {Summary|null} */
        this.record = null;
    }

    /**
     * @param {Summary} record
     * @param {number} index
     * @param {boolean} selected
     */
    show(record, index, selected) {
        if (record !== this.record) this.write(record);
        this.element.style.setProperty("--index", String(index));
        this.element.setAttribute("aria-selected", String(selected));
        this.element.setAttribute("aria-posinset", String(index + 1));
    }

    /** @param {Summary} record */
    write(record) {
        this.record = record;
        const [path, query] = splitTarget(record.target);
        this.element.id = `record-${record.id}`;
        this.status.className = `status tone-${toneOf(record)}${record.state === "pending" ? " pending" : ""}`;
        this.status.textContent = statusText(record);
        this.status.title = statusTitle(record);
        this.method.textContent = record.kind === "websocket" ? "WS" : record.method;
        this.path.textContent = path;
        this.query.textContent = query;
        this.element.title = record.target.length > 40 ? record.target : "";
        this.duration.textContent = record.state === "pending" ? "open" : duration(record.duration_us);
        this.time.textContent = when(record.started_at);
        this.time.dateTime = record.started_at;
        this.time.title = exactTime(record.started_at);
        this.size.textContent = sizeOf(record);
        fill(this.notes, ...notesOf(record));
    }
}

/** @param {Summary} record */
function sizeOf(record) {
    if (record.kind !== "http") return `${record.messages} msg`;
    return bytes(record.response_bytes);
}

/**
 * What is said first stays readable where the row is too narrow for all of it.
 * @param {Summary} record
 */
function notesOf(record) {
    const isReplay = record.origin === "replay";
    return [
        record.outcome && h("span", { class: "note-bad" }, outcomeText(record.outcome)),
        isReplay && symbol("replay", record.edited ? "edited replay" : "replay", "is-replay"),
        record.fault && h("span", { class: "chip tone-bad", title: "A fault was made on purpose" }, "fault"),
        record.held && h("span", { class: "chip", title: "It waited for the app" }, "held"),
        record.stub &&
            h(
                "span",
                { class: "chip tone-warn", title: "A rule of --stub responded, not the app" },
                record.stub_rule ? `stub ${record.stub_rule}` : "stub",
            ),
        record.signature && verdictChip(record.signature, true),
        // A replay is an attempt that was asked for.
        record.duplicate && !isReplay && duplicateChip(),
        record.provider &&
            h(
                "span",
                { class: "chip provider" },
                record.event ? `${record.provider} ${record.event}` : record.provider,
            ),
        record.attempt !== null &&
            record.attempt > 1 &&
            !isReplay &&
            h("span", { class: "chip", title: gapTitle(record) }, `attempt ${record.attempt}`),
        record.origin === "import" && h("span", { class: "chip" }, "imported"),
        record.replays > 0 && symbol("replay", `×${record.replays}`, "has-replays"),
        record.comment && symbol("comment", "", "has-comment", record.comment),
        record.marked && symbol("star", "", "is-marked", "Marked"),
    ];
}

/** @param {Summary} record */
const gapTitle = (record) =>
    record.attempt_gap_us === null ? null : `${duration(record.attempt_gap_us)} after the attempt before`;

/**
 * @param {import("./icons.js").IconName} name
 * @param {string} text
 * @param {string} kind
 * @param {string} [title]
 */
function symbol(name, text, kind, title) {
    return h(
        "span",
        { class: `symbol ${kind}`, title: title ?? null, "aria-label": title ?? null, role: title ? "img" : null },
        icon(name),
        text,
    );
}
