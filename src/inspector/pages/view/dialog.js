/** Dialogs: a frame with a title, and the two questions that several places ask. */

import { button, iconButton } from "./buttons.js";
import { h } from "./dom.js";

/**
 * @param {string} title
 * @param {string} kind class of the dialog
 * @param {Node[]} content
 * @param {Node[]} foot buttons
 */
export function openDialog(title, kind, content, foot) {
    const before = document.activeElement;
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { class: `dialog ${kind}`, "aria-labelledby": "dialog-title" });
    const close = iconButton("Close", "close", () => dialog.close());
    dialog.append(
        h("header", { class: "dialog-head" }, heading, close),
        h("div", { class: "dialog-content", tabindex: "0" }, ...content),
        h("footer", { class: "dialog-foot" }, ...foot),
    );
    dialog.addEventListener("close", () => {
        dialog.remove();
        if (before instanceof HTMLElement) before.focus();
    });
    dialog.addEventListener("click", (event) => {
        if (event.target === dialog) dialog.close();
    });
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}

/**
 * @param {string} title
 * @param {string} text
 * @param {string} action what the button that does it says
 * @param {"danger"|"primary"} [kind] primary where nothing is lost
 * @returns {Promise<boolean>}
 */
export function confirm(title, text, action, kind = "danger") {
    return new Promise((resolve) => {
        const yes = button(action, null, () => dialog.close("yes"), { class: `button ${kind}` });
        const no = button("Cancel", null, () => dialog.close());
        const dialog = openDialog(title, "small", [h("p", null, text)], [no, yes]);
        dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
        yes.focus();
    });
}

/**
 * @param {string} title
 * @param {string} label
 * @param {string} value
 * @returns {Promise<string|null>} null where it was cancelled
 */
export function askText(title, label, value) {
    return new Promise((resolve) => {
        const input = h("textarea", { class: "input", rows: "4", maxlength: "4096", "aria-label": label });
        input.value = value;
        const save = button("Save", null, () => dialog.close("save"), { class: "button primary" });
        const dialog = openDialog(title, "small", [input], [button("Cancel", null, () => dialog.close()), save]);
        input.addEventListener("keydown", (event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) dialog.close("save");
        });
        dialog.addEventListener("close", () => resolve(dialog.returnValue === "save" ? input.value : null));
        input.focus();
    });
}
