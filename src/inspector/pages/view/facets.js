/** The column of ready filters: what the loaded records have in common, each with its count. */

import { hasTerm, quoted } from "../data/filter_terms.js";
import { h, part } from "./dom.js";
import { count } from "./format.js";
import { isError } from "./status_mark.js";

/** @typedef {import("../data/types.js").Summary} Summary */
/** @typedef {{term: string, label: string, tone?: string, count: number}} Facet */

const refreshMs = 400;
const pathsAtMost = 8;

/** @typedef {{term: string, label: string, tone?: string, fits: (record: Summary) => boolean}} FixedFacet */

/** @type {{title: string, facets: FixedFacet[]}[]} */
const fixedGroups = [
    {
        title: "Status",
        facets: [
            { term: "status:2xx", label: "2xx Success", tone: "ok", fits: (r) => statusClass(r) === 2 },
            { term: "status:3xx", label: "3xx Redirect", tone: "info", fits: (r) => statusClass(r) === 3 },
            { term: "status:4xx", label: "4xx Client error", tone: "warn", fits: (r) => statusClass(r) === 4 },
            { term: "status:5xx", label: "5xx Server error", tone: "bad", fits: (r) => statusClass(r) === 5 },
        ],
    },
    {
        title: "Show only",
        facets: [
            { term: "is:error", label: "Failed", fits: isError },
            { term: "is:pending", label: "In progress", fits: (r) => r.state === "pending" },
            { term: "is:replay", label: "Replays", fits: (r) => r.origin === "replay" },
            { term: "is:ws", label: "WebSockets", fits: (r) => r.kind === "websocket" },
            { term: "is:duplicate", label: "Duplicates", fits: (r) => r.duplicate },
            { term: "is:marked", label: "Marked", fits: (r) => r.marked },
        ],
    },
];

/** @param {Summary} record */
const statusClass = (record) => (record.status === null ? 0 : Math.floor(record.status / 100));

/** @type {{title: string, key: string, of: (record: Summary) => string|null, most: number}[]} */
const openGroups = [
    { title: "Method", key: "method", of: (record) => record.method, most: 8 },
    { title: "Provider", key: "provider", of: (record) => record.provider, most: 8 },
    { title: "Path", key: "path", of: (record) => record.target.split("?")[0], most: pathsAtMost },
];

export class Facets {
    /**
     * @param {import("../data/record_store.js").RecordStore} store
     * @param {(term: string) => void} ontoggle
     */
    constructor(store, ontoggle) {
        this.store = store;
        this.ontoggle = ontoggle;
        this.q = "";
        this.box = part("facets");
        this.box.addEventListener("click", (event) => {
            const term = /** @type {Element} */ (event.target).closest(".facet")?.getAttribute("data-term");
            if (term) this.ontoggle(term);
        });
        /** @type {number|undefined} */
        this.timer = undefined;
        store.onchange(() => {
            this.timer ??= setTimeout(() => this.render(), refreshMs);
        });
    }

    /** @param {string} q */
    setFilter(q) {
        this.q = q;
        this.render();
    }

    render() {
        clearTimeout(this.timer);
        this.timer = undefined;
        const records = this.store.items;
        const focused = document.activeElement?.getAttribute("data-term");
        const fixed = fixedGroups.map(({ title, facets }) =>
            this.group(
                title,
                facets.map(({ fits, ...facet }) => ({
                    ...facet,
                    count: records.reduce((n, record) => n + (fits(record) ? 1 : 0), 0),
                })),
            ),
        );
        const open = openGroups.map(({ title, key, of, most }) => this.group(title, commonest(records, key, of, most)));
        this.box.replaceChildren(...fixed, .../** @type {Node[]} */ (open.filter(Boolean)));
        if (focused)
            /** @type {HTMLElement|null} */ (this.box.querySelector(`[data-term="${CSS.escape(focused)}"]`))?.focus();
    }

    /**
     * @param {string} title
     * @param {Facet[]} facets
     */
    group(title, facets) {
        if (facets.length === 0) return "";
        // Older requests are loaded as the list is scrolled.
        const more = this.store.next === null ? "" : "+";
        return h(
            "section",
            { class: "facet-group" },
            h("h2", null, title),
            ...facets.map(({ term, label, tone, count: n }) => {
                const on = hasTerm(this.q, term);
                return h(
                    "button",
                    {
                        type: "button",
                        class: `facet${n === 0 && !on ? " none" : ""}`,
                        "aria-pressed": String(on),
                        "data-term": term,
                        title: term,
                    },
                    tone ? h("span", { class: `facet-dot tone-${tone}` }) : null,
                    h("span", { class: "facet-label" }, label),
                    h("span", { class: "facet-count" }, n === 0 ? "" : `${count(n)}${more}`),
                );
            }),
        );
    }
}

/**
 * @param {Summary[]} records
 * @param {string} key
 * @param {(record: Summary) => string|null} of
 * @param {number} most
 * @returns {Facet[]}
 */
function commonest(records, key, of, most) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const record of records) {
        const value = of(record);
        if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts]
        .sort((a, b) => b[1] - a[1])
        .slice(0, most)
        .map(([value, n]) => ({ term: `${key}:${quoted(value)}`, label: value, count: n }));
}
