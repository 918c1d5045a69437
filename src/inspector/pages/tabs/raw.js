/** The messages byte for byte: heads as they were on the wire, bodies without transfer coding. */

import { getBody } from "../data/api.js";
import { hexView } from "../body/hex.js";
import { textView } from "../body/text.js";
import { h } from "../view/dom.js";
import { bytesOfBase64, textOfBytes } from "../view/format.js";
import { section } from "./parts.js";

/** @typedef {import("./context.js").TabContext} TabContext */
/** @typedef {import("../data/types.js").Side} Side */

/** @type {import("./context.js").Tab} */
export async function rawTab(box, context) {
    const { request, response } = context.exchange;
    const [requestBody, responseBody] = await Promise.all([
        bodyBytes(context, "request"),
        bodyBytes(context, "response"),
    ]);
    if (context.signal.aborted) return;
    const received = bytesOfBase64(request.head_base64);
    const sent = typeof request.sent_head_base64 === "string" ? bytesOfBase64(request.sent_head_base64) : null;
    box.replaceChildren(
        section("Request", "as received from the server", message(received, requestBody)),
        sent ? collapsed(section("Request", "as sent to the app", message(sent, requestBody))) : "",
        response
            ? section(
                  "Response",
                  "as received from the app",
                  message(bytesOfBase64(response.head_base64), responseBody),
              )
            : "",
    );
}

/** @param {HTMLDetailsElement} details */
function collapsed(details) {
    details.open = false;
    return details;
}

/**
 * @param {TabContext} context
 * @param {Side} side
 */
async function bodyBytes({ exchange, signal }, side) {
    if (!exchange[side]?.body.kept) return new Uint8Array();
    return getBody(exchange.id, side, signal);
}

/**
 * @param {Uint8Array} head
 * @param {Uint8Array} body
 */
function message(head, body) {
    const text = isText(body);
    const whole = textOfBytes(head).replaceAll("\r\n", "\n") + (text ? textOfBytes(body) : "");
    return h("div", { class: "raw" }, textView(whole, null), text ? null : hexView(body));
}

/** @param {Uint8Array} data */
function isText(data) {
    if (data.includes(0)) return false;
    try {
        new TextDecoder("utf-8", { fatal: true }).decode(data);
        return true;
    } catch {
        return false;
    }
}
