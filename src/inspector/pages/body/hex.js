/** Bytes as offset, hex and text, a block of lines at a time. */

import { h } from "../view/dom.js";
import { bytes } from "../view/format.js";

const perLine = 16;
const bytesAtOnce = 4096;

/** @param {Uint8Array} data */
export function hexView(data) {
    const box = h("div", { class: "hex", tabindex: "0", role: "group", "aria-label": "Bytes in hex" });
    extend(box, data, 0);
    return box;
}

/**
 * @param {HTMLElement} box
 * @param {Uint8Array} data
 * @param {number} from
 */
function extend(box, data, from) {
    const to = Math.min(data.length, from + bytesAtOnce);
    const lines = [];
    for (let at = from; at < to; at += perLine) lines.push(line(data.subarray(at, Math.min(at + perLine, to)), at));
    box.append(h("pre", null, lines.join("\n")));
    if (to === data.length) return;
    const more = h(
        "button",
        {
            type: "button",
            class: "more",
            onclick: () => {
                more.remove();
                extend(box, data, to);
            },
        },
        `Show more of ${bytes(data.length - to)}`,
    );
    box.append(more);
}

/**
 * @param {Uint8Array} row
 * @param {number} at
 */
function line(row, at) {
    const hex = [...row].map((byte, i) => (i === perLine / 2 ? " " : "") + byte.toString(16).padStart(2, "0"));
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·"));
    return `${at.toString(16).padStart(8, "0")}  ${hex.join(" ").padEnd(perLine * 3)}  ${text.join("")}`;
}
