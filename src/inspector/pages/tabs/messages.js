/** Messages of a WebSocket and events of an event stream, as they come. */

import { listMessages } from "../data/api.js";
import { hexView } from "../body/hex.js";
import { jsonTree } from "../body/json_tree.js";
import { BodyFault } from "../body/body_fault.js";
import { parseJson } from "../body/json_parser.js";
import { textView } from "../body/text.js";
import { jsonTerm } from "../data/filter_terms.js";
import { h } from "../view/dom.js";
import { bytes, bytesOfBase64, duration, plural } from "../view/format.js";

/** @typedef {import("../data/types.js").Message} Message */

const previewLength = 200;

/** @type {import("./context.js").Tab} */
export async function messagesTab(box, context) {
    const list = h("ol", { class: "messages" });
    const foot = h("p", { class: "muted messages-foot" });
    const more = h(
        "button",
        { type: "button", class: "more", hidden: true, onclick: () => load() },
        "Load more messages",
    );
    let last = 0;
    let loading = false;

    async function load() {
        if (loading) return;
        loading = true;
        try {
            const page = await listMessages(context.exchange.id, { after: last }, context.signal);
            for (const message of page.items) list.append(messageItem(message, context));
            last = page.items.at(-1)?.seq ?? last;
            more.hidden = page.next === null;
            foot.textContent =
                page.dropped > 0 ? `${plural(page.dropped, "more message")} came and could not be kept.` : "";
        } finally {
            loading = false;
        }
    }

    await load();
    if (context.signal.aborted) return undefined;
    if (last === 0) foot.textContent = "No messages yet.";
    box.replaceChildren(list, more, foot);
    return async () => {
        if (more.hidden) await load();
    };
}

/**
 * @param {Message} message
 * @param {import("./context.js").TabContext} context
 */
function messageItem(message, context) {
    const toApp = message.from === "caller";
    const content = h("div", { class: "message-content" });
    const head = h(
        "summary",
        null,
        h(
            "span",
            {
                class: `arrow ${toApp ? "to-app" : "to-caller"}`,
                title: toApp ? "From the caller" : "From the app",
                role: "img",
                "aria-label": toApp ? "From the caller" : "From the app",
            },
            toApp ? "↑" : "↓",
        ),
        h("span", { class: "message-type" }, message.event ?? message.type),
        h("span", { class: "message-preview mono" }, preview(message)),
        h("span", { class: "muted numeric" }, bytes(message.length)),
        h("span", { class: "muted numeric" }, `+${duration(message.at_us)}`),
    );
    const details = h("details", null, head, content);
    details.addEventListener("toggle", () => {
        if (details.open && !content.hasChildNodes()) content.append(...whole(message, context));
    });
    return h("li", null, details);
}

/** @param {Message} message */
function preview(message) {
    if (message.type === "close") return [message.close_code, message.text].filter(Boolean).join(" ");
    if (message.text !== null) return message.text.slice(0, previewLength);
    const data = bytesOfBase64((message.base64 ?? "").slice(0, 64));
    return [...data.subarray(0, 24)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/**
 * @param {Message} message
 * @param {import("./context.js").TabContext} context
 */
function whole(message, context) {
    const cut = message.truncated
        ? [h("p", { class: "notice tone-warn" }, `Not all of its ${bytes(message.length)} were kept.`)]
        : [];
    if (message.text === null) return [...cut, hexView(bytesOfBase64(message.base64 ?? ""))];
    try {
        const root = parseJson(message.text);
        if (root.members)
            return [...cut, jsonTree(message.text, root, (path, value) => context.addTerm(jsonTerm(path, value)))];
    } catch (error) {
        if (!(error instanceof BodyFault)) throw error;
    }
    return [...cut, textView(message.text)];
}
