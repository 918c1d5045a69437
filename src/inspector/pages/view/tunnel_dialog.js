/** What is known of the tunnel and of the history: all that the header has no room for. */

import { factList } from "../tabs/parts.js";
import { button } from "./buttons.js";
import { copyAndSay } from "./clipboard.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { bytes, count, exactTime, plural } from "./format.js";
import { tunnelStates } from "./header.js";

/** @typedef {import("../data/types.js").Status} Status */

/** @type {Record<string, string>} */
const appStates = {
    up: "accepted the last request",
    down: "nothing accepted the last request",
    unknown: "no request yet",
};

/** @param {Status} status */
export function openTunnelDialog(status) {
    const { forwarding, tunnel, faults = [], stub } = status;
    const state = tunnelStates[tunnel.state].text;
    const facts = factList([
        ["Public URL", forwarding.public_url && copied(forwarding.public_url)],
        ["Forwards to", h("span", { class: "mono" }, forwarding.to)],
        ["App", appStates[forwarding.app ?? "unknown"]],
        ["Held", forwarding.held ? `${plural(forwarding.held, "request")} waiting for the app` : null],
        ["Tunnel", tunnel.since ? `${state} since ${exactTime(tunnel.since).replace(/\.\d+$/, "")}` : state],
        ["Problem", tunnel.error],
        ["Replaced by", tunnel.replaced_by],
        ["Server", h("span", { class: "mono" }, tunnel.server)],
        ["History", historyText(status)],
        ["File", status.history.file && h("span", { class: "mono" }, status.history.file)],
        ["Not kept", lostText(status)],
        ["Watched", status.watches.length > 0 && plural(status.watches.length, "request")],
        ["Faults", faults.length > 0 && h("span", { class: "mono" }, faults.join("\n"))],
        ["Stub", stub && `${plural(stub.rules, "rule")} of ${stub.file}`],
        ["Version", `tunnel-client ${status.version}`],
    ]);
    const dialog = openDialog("Tunnel", "tunnel", [facts], [
        button("Close", null, () => dialog.close(), { class: "button primary" }),
    ]);
}

/** @param {string} url */
const copied = (url) =>
    h(
        "span",
        { class: "copied" },
        h("span", { class: "mono" }, url),
        h("button", { type: "button", class: "text-button", onclick: () => copyAndSay(url) }, "Copy"),
    );

/** @param {Status} status */
function historyText({ history }) {
    if (history.state === "off") return "nothing is kept";
    const limits = [
        history.count_limit ? `of ${count(history.count_limit)}` : "",
        history.bytes_limit ? ` of ${bytes(history.bytes_limit)}` : "",
    ];
    const where = history.state === "memory" ? ", in memory" : "";
    const what = `${plural(history.count, "record")} ${limits[0]}, ${bytes(history.bytes)}${limits[1]}${where}`;
    return history.reason ? `${what}: ${history.reason}` : what;
}

/** @param {Status} status */
function lostText({ capture: { dropped, bodies_dropped: bodies } }) {
    if (dropped + bodies === 0) return "nothing: every request was recorded";
    return `${plural(dropped, "record")}, and the bodies of ${count(bodies)} more`;
}
