/** Short notices at the foot of the page; read aloud by screen readers. */

import { h, part } from "./dom.js";

const shownMs = 5000;

/**
 * @param {string} text
 * @param {{tone?: "ok"|"bad"|"none", action?: {label: string, run: () => void}}} [options]
 */
export function toast(text, options = {}) {
    const { tone = "none", action } = options;
    const element = h("div", { class: `toast tone-${tone}` }, h("span", { class: "toast-text" }, text));
    if (action) {
        const run = () => {
            element.remove();
            action.run();
        };
        element.append(h("button", { type: "button", class: "text-button", onclick: run }, action.label));
    }
    const box = part("toasts");
    box.append(element);
    while (box.children.length > 3) box.firstElementChild?.remove();
    setTimeout(() => element.remove(), shownMs);
}

/** @param {unknown} error */
export function toastError(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    toast(error instanceof Error ? error.message : String(error), { tone: "bad" });
}
