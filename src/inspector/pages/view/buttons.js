/** The two kinds of button. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./dom.js").Attributes} Attributes */

/**
 * @param {string} label
 * @param {import("./icons.js").IconName|null} symbol
 * @param {(event: MouseEvent) => void} onclick
 * @param {Attributes} [attributes]
 */
export function button(label, symbol, onclick, attributes) {
    return h(
        "button",
        { type: "button", class: "button", onclick, ...attributes },
        symbol && icon(symbol),
        h("span", null, label),
    );
}

/**
 * @param {string} label
 * @param {import("./icons.js").IconName} symbol
 * @param {(event: MouseEvent) => void} onclick
 * @param {Attributes} [attributes]
 */
export function iconButton(label, symbol, onclick, attributes) {
    return h(
        "button",
        { type: "button", class: "icon-button", onclick, "aria-label": label, title: label, ...attributes },
        icon(symbol),
    );
}
