/** The head of the page: what is forwarded where, whether the tunnel is up, and what could not be kept. */

import { fill, h, part } from "./dom.js";
import { openFaults } from "./fault_dialog.js";
import { icon } from "./icons.js";
import { bytes, clock, count, plural } from "./format.js";
import { openStub } from "./stub_dialog.js";

/** @typedef {import("../data/types.js").Status} Status */

/** @type {Record<Status["tunnel"]["state"], {tone: string, text: string}>} */
export const tunnelStates = {
    up: { tone: "ok", text: "Tunnel up" },
    connecting: { tone: "warn", text: "Connecting" },
    retrying: { tone: "bad", text: "Tunnel down" },
    replaced: { tone: "bad", text: "Replaced" },
};

const startAgain = "Start tunnel-client again: this page reconnects by itself";

export class Header {
    /** @param {(status: Status) => void} ondetails */
    constructor(ondetails) {
        this.route = part("route");
        this.state = part("tunnel-state");
        this.details = part("tunnel-details");
        this.details.addEventListener("click", () => this.status && ondetails(this.status));
        this.alerts = part("alerts");
        /** @type {Status|null} */
        this.status = null;
        this.connected = true;
        this.expired = false;
    }

    /** @param {Status} status */
    show(status) {
        this.status = status;
        this.render();
    }

    /** @param {boolean} connected whether the page still receives events */
    setConnected(connected) {
        if (connected) this.expired = false;
        if (connected === this.connected) return;
        this.connected = connected;
        this.render();
    }

    /** The page's token is not that of the client that runs now. */
    expire() {
        this.connected = false;
        this.expired = true;
        this.render();
    }

    render() {
        const { status } = this;
        if (!status) return;
        // What was known of the app, the tunnel and the history may be wrong by now.
        document.body.classList.toggle("no-client", !this.connected);
        fill(this.route, ...routeOf(status));
        const state = this.connected
            ? (tunnelStates[status.tunnel.state] ?? tunnelStates.connecting)
            : { tone: "bad", text: this.expired ? "Token expired" : "No tunnel-client" };
        fill(
            this.state,
            h("span", { class: `state-dot tone-${state.tone}`, "aria-hidden": "true" }),
            h("span", { class: "state-text" }, state.text),
        );
        this.details.title = stateTitle(status);
        const notice = "tunnel-client was started again: open the URL that it shows";
        if (this.connected) fill(this.alerts, ...alertsOf(status));
        else fill(this.alerts, this.expired ? alert("bad", notice, notice) : alert("bad", startAgain, startAgain));
        document.title = `${status.forwarding.public_url?.replace(/^https?:\/\//, "") ?? "Inspector"} · requests`;
    }
}

/** @param {Status} status */
function routeOf({ forwarding, tunnel }) {
    const from = forwarding.public_url ?? tunnel.server ?? "";
    return [
        h("span", { class: "route-from", title: from }, from.replace(/^https?:\/\//, "")),
        h("span", { class: "route-arrow", role: "img", "aria-label": "is forwarded to" }, "→"),
        h("span", { class: "route-to", title: forwarding.to }, ...localName(forwarding.to)),
        forwarding.app === "down"
            ? h("span", { class: "chip tone-bad", title: "The last request found nothing listening there" }, "app down")
            : null,
        forwarding.held
            ? h("span", { class: "chip tone-warn", title: "Requests that wait for the app" }, `${forwarding.held} held`)
            : null,
    ];
}

/**
 * Host and port of the app; a narrow page shows the port alone.
 * @param {string} to
 */
function localName(to) {
    const [, host, port] = /^(?:https?:\/\/)?(.*?)(:[0-9]+)?\/?$/.exec(to) ?? [];
    return [h("span", { class: port ? "route-host" : null }, host), port];
}

/** @param {Status} status */
function stateTitle({ tunnel, version, history }) {
    const lines = [`Server ${tunnel.server ?? "unknown"}`];
    if (tunnel.since) lines.push(`since ${clock(tunnel.since)}`);
    if (tunnel.error) lines.push(tunnel.error);
    lines.push(`${plural(history.count, "record")}, ${bytes(history.bytes)}`, `tunnel-client ${version}`);
    return lines.join("\n");
}

/** @param {Status} status */
function alertsOf({ tunnel, capture, history, faults = [], stub }) {
    const alerts = [];
    if (faults.length > 0) {
        const text = `${plural(faults.length, "fault")} on purpose: ${faults[0]}`;
        const how = { type: "button", class: "alert tone-bad", title: faults.join("\n"), onclick: openFaults };
        alerts.push(h("button", how, icon("alert"), h("span", null, text)));
    }
    if (stub?.problem) {
        const how = { type: "button", class: "alert tone-bad", title: stub.problem, onclick: openStub };
        alerts.push(h("button", how, icon("alert"), h("span", null, "The file of --stub is not valid")));
    }
    if (tunnel.state === "replaced") {
        const by = tunnel.replaced_by ?? "another client";
        alerts.push(alert("bad", `Replaced by ${by}`, "Another client took this tunnel over."));
    } else if (tunnel.state === "retrying") {
        const text = `No connection to tunnel-server${tunnel.error ? `: ${tunnel.error}` : ""}`;
        alerts.push(alert("bad", text, "The client tries again by itself."));
    }
    const lost = capture.dropped + capture.bodies_dropped;
    if (lost > 0) {
        const what = `${plural(capture.dropped, "record")} and the bodies of ${count(capture.bodies_dropped)} more`;
        const title = `${what} could not be kept. The traffic itself was not affected.`;
        alerts.push(alert("warn", `${plural(lost, "capture")} dropped`, title));
    }
    if (history.state !== "file" && history.reason) alerts.push(alert("warn", "History in memory", history.reason));
    return alerts;
}

/**
 * @param {string} tone
 * @param {string} text
 * @param {string} title
 */
const alert = (tone, text, title) =>
    h("span", { class: `alert tone-${tone}`, title }, icon("alert"), h("span", null, text));
