/** The selected record: what it is, what can be done with it, and its tabs. */

import { getExchange } from "../data/api.js";
import { diffTab } from "../tabs/diff.js";
import { requestTab, responseTab } from "../tabs/message.js";
import { messagesTab } from "../tabs/messages.js";
import { rawTab } from "../tabs/raw.js";
import { signatureTab } from "../tabs/signature.js";
import { summaryTab } from "../tabs/summary.js";
import { timingTab } from "../tabs/timing.js";
import { button, iconButton } from "./buttons.js";
import { h, part } from "./dom.js";
import { icon } from "./icons.js";
import { bytes, duration, plural, splitTarget } from "./format.js";
import { copyMenu, moreMenu } from "./record_menus.js";
import { outcomeText, statusPill, verdictChip } from "./status_mark.js";

/** @typedef {import("../data/types.js").Summary} Summary */
/** @typedef {import("../data/types.js").Exchange} Exchange */
/** @typedef {import("../data/place.js").Place} Place */

/** @type {{name: string, label: string, tab: import("../tabs/context.js").Tab}[]} */
export const tabs = [
    { name: "summary", label: "Summary", tab: summaryTab },
    { name: "request", label: "Request", tab: requestTab },
    { name: "response", label: "Response", tab: responseTab },
    { name: "diff", label: "Diff", tab: diffTab },
    { name: "signature", label: "Signature", tab: signatureTab },
    { name: "timing", label: "Timing", tab: timingTab },
    { name: "raw", label: "Raw", tab: rawTab },
    { name: "messages", label: "Messages", tab: messagesTab },
];

export class DetailPane {
    /**
     * @param {import("./actions.js").Actions} actions
     * @param {{go: (change: Partial<Place>) => void, addTerm: (term: string) => void, onclose: () => void}} handlers
     */
    constructor(actions, handlers) {
        this.actions = actions;
        this.handlers = handlers;
        this.pane = part("detail");
        this.head = part("detail-head");
        this.strip = part("tabs");
        this.panel = part("tab-panel");
        this.abort = new AbortController();
        /** @type {Summary|null} */
        this.record = null;
        this.tab = "summary";
        /** @type {string|null} */
        this.other = null;
        /** @type {import("../tabs/context.js").TabUpdate|null} */
        this.update = null;
        this.buildTabs();
    }

    buildTabs() {
        for (const { name, label } of tabs) {
            const tab = h(
                "button",
                {
                    type: "button",
                    role: "tab",
                    id: `tab-${name}`,
                    "aria-controls": "tab-panel",
                    class: "tab",
                    onclick: () => this.handlers.go({ tab: name }),
                },
                label,
            );
            this.strip.append(tab);
        }
        this.strip.addEventListener("keydown", (event) => {
            const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
            if (step === 0) return;
            event.preventDefault();
            const shown = tabs.filter(({ name }) => !part(`tab-${name}`).hidden);
            const index = shown.findIndex(({ name }) => name === this.tab);
            const next = shown[(index + step + shown.length) % shown.length].name;
            this.handlers.go({ tab: next });
            part(`tab-${next}`).focus();
        });
    }

    /**
     * @param {string|null} id
     * @param {Summary|undefined} record where it is known already
     * @param {string} tab
     * @param {string|null} other
     */
    show(id, record, tab, other) {
        this.tab = tabs.some(({ name }) => name === tab) ? tab : "summary";
        this.other = other;
        this.pane.classList.toggle("empty", id === null);
        this.abort.abort();
        this.abort = new AbortController();
        this.update = null;
        this.id = id;
        this.record = record ?? null;
        if (id === null) return;
        if (record) this.showHead(record);
        this.markTab();
        this.load(id);
    }

    /** @param {Summary|undefined} record the selected one as it is now, after something changed */
    changed(record) {
        const before = this.record;
        if (!record || record === before || record.id !== this.id) return;
        this.record = record;
        this.showHead(record);
        if (!before) return;
        const other = (/** @type {(keyof Summary)[]} */ ...names) =>
            names.some((name) => before[name] !== record[name]);
        const grew = other("request_bytes", "response_bytes", "messages");
        const reload =
            other("state", "status", "signature") ||
            (this.tab === "summary" && other("comment", "replays")) ||
            (this.tab === "diff" && this.other === null && other("replays"));
        if (reload) this.load(record.id);
        else if (grew && this.update) this.refresh(record.id);
    }

    /** @param {string} id */
    async refresh(id) {
        const { signal } = this.abort;
        try {
            const exchange = await getExchange(id, signal);
            if (!signal.aborted) await this.update?.(exchange);
        } catch (error) {
            if (!signal.aborted) this.fail(error);
        }
    }

    /** @param {string} id */
    async load(id) {
        const { signal } = this.abort;
        this.panel.setAttribute("aria-busy", "true");
        try {
            const exchange = await getExchange(id, signal);
            if (signal.aborted) return;
            this.record ??= exchange;
            this.showHead(this.record);
            const { tab } = tabs.find(({ name }) => name === this.tab) ?? tabs[0];
            const box = h("div", { class: `tab-content tab-${this.tab}` });
            const update = await tab(box, this.context(exchange, signal));
            if (signal.aborted) return;
            this.update = update ?? null;
            this.panel.replaceChildren(box);
            this.panel.scrollTop = 0;
        } catch (error) {
            if (!signal.aborted) this.fail(error);
        } finally {
            if (!signal.aborted) this.panel.removeAttribute("aria-busy");
        }
    }

    /**
     * @param {Exchange} exchange
     * @param {AbortSignal} signal
     * @returns {import("../tabs/context.js").TabContext}
     */
    context(exchange, signal) {
        return {
            exchange,
            signal,
            other: this.other,
            addTerm: this.handlers.addTerm,
            go: this.handlers.go,
            actions: this.actions,
        };
    }

    /** @param {unknown} error */
    fail(error) {
        const text = error instanceof Error ? error.message : String(error);
        this.panel.replaceChildren(h("p", { class: "notice tone-bad", role: "alert" }, text));
    }

    markTab() {
        for (const { name } of tabs) {
            const tab = part(`tab-${name}`);
            const selected = name === this.tab;
            tab.setAttribute("aria-selected", String(selected));
            tab.tabIndex = selected ? 0 : -1;
            if (selected) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
        }
        this.panel.setAttribute("aria-labelledby", `tab-${this.tab}`);
    }

    /** @param {Summary} record */
    showHead(record) {
        const [path, query] = splitTarget(record.target);
        const { actions } = this;
        const isWebSocket = record.kind === "websocket";
        const replayable = (/** @type {string} */ title) =>
            isWebSocket ? { disabled: true, title: "A WebSocket cannot be replayed" } : { title };
        const focused = document.activeElement?.getAttribute("data-action");
        const more = iconButton("More", "more", () => moreMenu(actions, more, record), {
            "aria-haspopup": "menu",
            "aria-expanded": "false",
            "data-action": "more",
        });
        const copy = button("Copy as", "copy", () => copyMenu(actions, copy, record.id), {
            id: "copy-button",
            "aria-haspopup": "menu",
            "aria-expanded": "false",
            "data-action": "copy",
            title: "Copy as (c)",
        });
        const star = iconButton(record.marked ? "Marked" : "Mark", "star", () => actions.mark(record), {
            class: `icon-button star${record.marked ? " on" : ""}`,
            "aria-pressed": String(record.marked),
            "data-action": "mark",
            title: "Mark (m)",
        });
        this.head.replaceChildren(
            h(
                "div",
                { class: "detail-title" },
                iconButton("Back to the list", "back", () => this.handlers.onclose(), { class: "icon-button back" }),
                h(
                    "h2",
                    { class: "mono" },
                    h("span", { class: "method" }, record.method),
                    " ",
                    path,
                    h("span", { class: "query" }, query),
                ),
                star,
            ),
            h(
                "div",
                { class: "detail-facts" },
                statusPill(record),
                record.outcome ? h("span", { class: "note-bad" }, outcomeText(record.outcome)) : null,
                h("span", null, record.state === "pending" ? "in progress" : duration(record.duration_us)),
                h("span", null, isWebSocket ? plural(record.messages, "message") : bytes(record.response_bytes)),
                record.provider
                    ? h("span", { class: "chip provider" }, [record.provider, record.event].filter(Boolean).join(" "))
                    : null,
                record.signature ? verdictChip(record.signature) : null,
                record.origin === "replay"
                    ? h("span", { class: "chip" }, icon("replay"), record.edited ? "edited replay" : "replay")
                    : null,
                record.fault ? h("span", { class: "chip tone-bad" }, "fault on purpose") : null,
                record.held ? h("span", { class: "chip" }, "waited for the app") : null,
                record.stub
                    ? h(
                          "span",
                          { class: "chip tone-warn" },
                          `response of --stub${record.stub_rule ? `, rule ${record.stub_rule}` : ""}`,
                      )
                    : null,
                record.truncated ? h("span", { class: "chip tone-warn" }, "body cut") : null,
            ),
            h(
                "div",
                { class: "detail-actions" },
                button("Replay", "replay", () => actions.replay(record.id), {
                    class: "button primary",
                    "data-action": "replay",
                    ...replayable("Replay (r)"),
                }),
                button("Edit", "edit", () => actions.edit(record.id), {
                    "data-action": "edit",
                    ...replayable("Edit and replay (e)"),
                }),
                button("Compare", "compare", () => actions.compare(record.id), {
                    "data-action": "compare",
                    title: "Compare (d)",
                }),
                copy,
                more,
            ),
        );
        part("tab-messages").hidden = record.kind === "http" && this.tab !== "messages";
        if (focused) /** @type {HTMLElement|null} */ (this.head.querySelector(`[data-action="${focused}"]`))?.focus();
    }
}
