/** Copies text. */

import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { toast, toastError } from "./toast.js";

/**
 * The clipboard, or a text to copy by hand where the browser refuses.
 * @param {string} text
 */
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const area = h("textarea", { class: "input mono", rows: "10", readonly: true, "aria-label": "Text to copy" });
        area.value = text;
        const dialog = openDialog(
            "Copy this text",
            "small",
            [area],
            [button("Done", null, () => dialog.close(), { class: "button primary" })],
        );
        area.select();
    }
}

/**
 * Copies and says so.
 * @param {string} text
 */
export const copyAndSay = (text) => copyText(text).then(() => toast("Copied.", { tone: "ok" }), toastError);
