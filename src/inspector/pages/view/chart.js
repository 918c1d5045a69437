/** Requests and failures over time; a click on a bar narrows the filter to its span. */

import { getChart } from "../data/api.js";
import { fill, h, part, svg } from "./dom.js";
import { clock, count, duration, plural } from "./format.js";

/** @typedef {import("../data/types.js").Chart} ChartData */

const buckets = 60;
const height = 32;
const refreshMs = 2000;

const ranges = [
    { label: "15 min", seconds: 900 },
    { label: "1 h", seconds: 3600 },
    { label: "24 h", seconds: 86_400 },
];

export class Chart {
    /** @param {(from: string, to: string) => void} onspan */
    constructor(onspan) {
        this.onspan = onspan;
        this.q = "";
        this.range = ranges[0];
        this.drawing = part("chart-drawing");
        this.legend = part("chart-legend");
        this.choice = /** @type {HTMLSelectElement} */ (part("chart-range"));
        this.choice.append(...ranges.map(({ label }) => h("option", null, `last ${label}`)));
        this.choice.addEventListener("change", () => {
            this.range = ranges[this.choice.selectedIndex];
            this.load();
        });
        /** @type {number|undefined} */
        this.timer = undefined;
        setInterval(() => this.load(), (ranges[0].seconds / buckets) * 1000);
    }

    /** @param {string} q */
    setFilter(q) {
        this.q = q;
        this.load();
    }

    /** A record changed: draws the chart again soon, but not for each request. */
    touch() {
        this.timer ??= setTimeout(() => this.load(), refreshMs);
    }

    async load() {
        clearTimeout(this.timer);
        this.timer = undefined;
        if (document.hidden) return;
        try {
            this.draw(await getChart({ q: this.q, seconds: this.range.seconds, buckets }));
        } catch {
            // The list tells what is wrong with the filter or the connection.
        }
    }

    /** @param {ChartData} chart */
    draw(chart) {
        const most = Math.max(1, ...chart.buckets.map((bucket) => bucket.requests));
        const start = Date.parse(chart.start);
        const bars = chart.buckets.map((bucket, i) =>
            this.bar(bucket, i, most, start + (i * chart.bucket_us) / 1000, chart.bucket_us / 1000),
        );
        const drawing = svg(
            "svg",
            {
                viewBox: `0 0 ${chart.buckets.length * 10} ${height}`,
                preserveAspectRatio: "none",
                "aria-hidden": "true",
            },
            ...bars,
        );
        this.drawing.replaceChildren(drawing);
        const requests = chart.buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
        const failures = chart.buckets.reduce((sum, bucket) => sum + bucket.failures, 0);
        fill(
            this.legend,
            h("span", null, plural(requests, "request")),
            failures > 0 ? h("span", { class: "note-bad" }, `${count(failures)} failed`) : null,
        );
        this.drawing.setAttribute(
            "aria-label",
            `${plural(requests, "request")}, ${count(failures)} failed, in the last ${this.range.label}`,
        );
    }

    /**
     * @param {ChartData["buckets"][0]} bucket
     * @param {number} i
     * @param {number} most
     * @param {number} from
     * @param {number} length
     */
    bar(bucket, i, most, from, length) {
        const scaled = (/** @type {number} */ n) => (n === 0 ? 0 : Math.max(2, (n / most) * (height - 1)));
        const failed = scaled(bucket.failures);
        const whole = Math.max(scaled(bucket.requests), failed);
        const [fromTime, toTime] = [new Date(from), new Date(from + length)].map((date) => date.toISOString());
        const median = typeof bucket.median_us === "number" ? `, median ${duration(bucket.median_us)}` : "";
        const title = svg("title", {});
        const what = `${plural(bucket.requests, "request")}, ${count(bucket.failures)} failed${median}`;
        title.textContent = `${clock(fromTime)}–${clock(toTime)}: ${what}`;
        const group = svg(
            "g",
            { class: "bucket" },
            title,
            svg("rect", { class: "bucket-area", x: i * 10, y: 0, width: 10, height }),
            svg("rect", { class: "bucket-base", x: i * 10 + 1, y: height - 1, width: 8, height: 1 }),
            svg("rect", {
                class: "bucket-good",
                x: i * 10 + 1,
                y: height - whole,
                width: 8,
                height: Math.max(0, whole - failed),
            }),
            svg("rect", { class: "bucket-bad", x: i * 10 + 1, y: height - failed, width: 8, height: failed }),
        );
        if (bucket.requests > 0) group.addEventListener("click", () => this.onspan(fromTime, toTime));
        return group;
    }
}
