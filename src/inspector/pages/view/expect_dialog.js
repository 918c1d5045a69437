/** A form of `tunnel-client expect`: waits until requests match, and says what kept them from it. */

import { waitForRequests } from "../data/api.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { clock, duration, plural } from "./format.js";

/** @typedef {import("../data/types.js").Expectation} Expectation */
/** @typedef {import("../data/types.js").WaitResult} WaitResult */
/** @typedef {import("../data/types.js").Summary} Summary */

const longestSeconds = 600;
const mostRequests = 1000;
const progressEveryMs = 200;

/** @type {[Expectation["kind"], string][]} */
const kinds = [
    ["count", "requests that match"],
    ["none", "no request that matches"],
    ["order", "requests in an order"],
];

/**
 * @param {string} q the filter of the list
 * @param {(id: string) => void} onopen shows a record
 */
export function openExpect(q, onopen) {
    const form = new ExpectForm(q, (id) => {
        dialog.close();
        onopen(id);
    });
    const close = button("Close", null, () => dialog.close());
    const says =
        "Waits until requests match, as tunnel-client expect does, and otherwise says what kept the nearest from it.";
    const content = [h("p", { class: "muted" }, says), form.element, form.verdict];
    const dialog = openDialog("Expect requests", "expect", content, [close]);
    dialog.addEventListener("close", () => form.cancel());
    form.filter.focus();
}

class ExpectForm {
    /**
     * @param {string} q
     * @param {(id: string) => void} onopen
     */
    constructor(q, onopen) {
        this.onopen = onopen;
        /** @type {AbortController|null} of the wait that is under way */
        this.waiting = null;
        this.filter = h("input", { class: "input mono", maxlength: "4096", placeholder: "every request" });
        this.filter.value = q;
        this.then = h("textarea", { class: "input mono", rows: "3", maxlength: "16384" });
        this.later = field("expect-then", "And later, one filter a line", this.then);
        this.kind = h(
            "select",
            { class: "input", onchange: () => this.showKind() },
            ...kinds.map(([value, says]) => h("option", { value }, says)),
        );
        this.count = numberInput(1, mostRequests, "1");
        this.countLabel = h("label", null, "At least", this.count);
        this.seconds = numberInput(0, longestSeconds, "30");
        this.earlier = h("input", { type: "checkbox" });
        this.fields = h(
            "fieldset",
            { class: "expect-fields" },
            field("expect-filter", "Filter", this.filter),
            this.later,
            h(
                "div",
                { class: "options" },
                h("label", null, "Met by", this.kind),
                this.countLabel,
                h("label", null, "Seconds at most", this.seconds),
                h("label", null, this.earlier, "Requests since tunnel-client started count too"),
            ),
        );
        this.go = h("button", { type: "submit", class: "button primary" });
        this.progress = h("progress", { "aria-label": "Time that has passed", hidden: true });
        this.left = h("span", { class: "muted", role: "timer" });
        this.verdict = h("div", { class: "expect-verdict", role: "status" });
        const onsubmit = (/** @type {SubmitEvent} */ event) => this.submit(event);
        const foot = h("div", { class: "expect-foot" }, this.go, this.progress, this.left);
        this.element = h("form", { class: "form", onsubmit }, this.fields, foot);
        this.showKind();
        this.showWaiting();
    }

    showKind() {
        this.countLabel.hidden = this.kind.value !== "count";
        this.later.hidden = this.kind.value !== "order";
        this.then.required = !this.later.hidden;
    }

    showWaiting() {
        const waiting = this.waiting !== null;
        this.fields.disabled = waiting;
        this.progress.hidden = !waiting;
        this.left.hidden = !waiting;
        this.go.textContent = waiting ? "Cancel" : "Wait";
        this.go.classList.toggle("primary", !waiting);
    }

    /** @param {SubmitEvent} event */
    submit(event) {
        event.preventDefault();
        if (this.waiting) this.cancel();
        else this.wait();
    }

    cancel() {
        this.waiting?.abort();
    }

    /** @returns {Expectation} */
    expectation() {
        const lines = this.then.value.split("\n").map((line) => line.trim());
        return {
            kind: /** @type {Expectation["kind"]} */ (this.kind.value),
            q: this.filter.value.trim(),
            then: lines.filter((line) => line !== ""),
            count: Number(this.count.value),
            seconds: Number(this.seconds.value),
            earlier: this.earlier.checked,
        };
    }

    async wait() {
        const what = this.expectation();
        const begun = performance.now();
        const waiting = new AbortController();
        this.waiting = waiting;
        fill(this.verdict);
        this.showWaiting();
        const showTime = () => this.showTime(what.seconds, (performance.now() - begun) / 1000);
        showTime();
        const timer = setInterval(showTime, progressEveryMs);
        try {
            const result = await waitForRequests(what, waiting.signal);
            this.show(what, result, (performance.now() - begun) / 1000);
        } catch (error) {
            const text = error instanceof Error ? error.message : String(error);
            if (waiting.signal.aborted) fill(this.verdict, h("p", { class: "notice" }, "Cancelled."));
            else fill(this.verdict, h("p", { class: "notice tone-bad" }, text));
        }
        clearInterval(timer);
        this.waiting = null;
        this.showWaiting();
    }

    /**
     * @param {number} all seconds
     * @param {number} passed
     */
    showTime(all, passed) {
        this.progress.max = Math.max(all, 1);
        this.progress.value = Math.min(passed, all);
        this.left.textContent = `${Math.max(0, Math.ceil(all - passed))} s left`;
    }

    /**
     * @param {Expectation} what
     * @param {WaitResult} result
     * @param {number} took seconds
     */
    show(what, result, took) {
        const { met, items, misses = [] } = result;
        const tone = met ? "ok" : "bad";
        fill(
            this.verdict,
            h("p", { class: `notice tone-${tone}` }, h("strong", null, headline(what, result, took))),
            ...items.map((item) => h("div", { class: "expect-row" }, this.record(item))),
            !met && what.kind !== "none" && h("h3", null, misses.length > 0 ? "Nearest" : "No other request was seen"),
            ...misses.map(({ exchange, unmet }) =>
                h(
                    "div",
                    { class: "expect-row" },
                    this.record(exchange),
                    h(
                        "ul",
                        { class: "expect-unmet" },
                        ...unmet.map(({ clause, reason }) =>
                            h("li", null, clause && h("code", null, clause), clause && ": ", reason),
                        ),
                    ),
                ),
            ),
        );
    }

    /**
     * A record on one line, which opens it.
     * @param {Summary} record
     */
    record(record) {
        return h(
            "button",
            { type: "button", class: "expect-record", onclick: () => this.onopen(record.id) },
            h("span", { class: "muted" }, clock(record.started_at)),
            h("span", null, record.method),
            h("span", null, record.status ?? "–"),
            h("span", { class: "muted" }, duration(record.duration_us)),
            h("span", { class: "mono" }, record.target),
        );
    }
}

/**
 * @param {string} id
 * @param {string} says
 * @param {HTMLElement} input
 */
function field(id, says, input) {
    input.id = id;
    return h("div", null, h("label", { class: "form-label", for: id }, says), input);
}

/**
 * @param {number} min
 * @param {number} max
 * @param {string} value
 */
function numberInput(min, max, value) {
    const input = h("input", { class: "input", type: "number", min, max, step: 1, required: true });
    input.value = value;
    return input;
}

/**
 * "2 requests that match path:/hooks"
 * @param {number} n
 * @param {string} filter
 */
function requestsText(n, filter) {
    const what = n === 0 ? "no request" : plural(n, "request");
    return filter ? `${what} that ${n < 2 ? "matches" : "match"} ${filter}` : what;
}

/** @param {Expectation} what */
function described({ kind, q, then, count }) {
    if (kind === "order") return `${plural(then.length + 1, "request")} in this order: ${[q, ...then].join(", then ")}`;
    return requestsText(kind === "none" ? 0 : count, q);
}

/**
 * What `tunnel-client expect` prints.
 * @param {Expectation} what
 * @param {WaitResult} result
 * @param {number} took seconds
 */
function headline(what, { met, items, step }, took) {
    const within = `within ${what.seconds}s`;
    if (met) return `Met ${what.kind === "none" ? within : `after ${took.toFixed(3)} s`}: ${described(what)}`;
    if (what.kind === "none") return `Not met, where none may come: ${requestsText(items.length, what.q)}`;
    if (what.kind === "count") return `Not met ${within}: ${items.length} of ${described(what)}`;
    const filters = [what.q, ...what.then];
    const at = step ?? items.length;
    return `Not met ${within}: no request for filter ${at + 1} of ${filters.length}, in this order: ${filters[at]}`;
}
