/** The rules of --stub: what responds while the app is not there, and how often each rule has. */

import { listStub } from "../data/api.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { clock, plural } from "./format.js";
import { toastError } from "./toast.js";

/** @typedef {import("../data/types.js").Stub} Stub */
/** @typedef {import("../data/types.js").StubRule} StubRule */

/** @type {(() => void)|null} loads the list of the dialog that is open */
let reload = null;

/** The rules or their counts may have changed. */
export const stubChanged = () => reload?.();

export function openStub() {
    const content = h("div", { class: "stub-content" });
    const dialog = openDialog(
        "Responses of --stub",
        "stub",
        [content],
        [button("Close", null, () => dialog.close(), { class: "button primary" })],
    );
    reload = async () => {
        try {
            fill(content, ...contentOf(await listStub()));
        } catch (error) {
            toastError(error);
        }
    };
    dialog.addEventListener("close", () => (reload = null));
    reload();
}

/** @param {Stub} stub */
function contentOf({ file, read_at, problem, items }) {
    if (file === null) {
        return [
            h("p", null, "With --stub FILE, your rules respond while the app is not running, or in its place."),
            h("p", { class: "muted" }, "This tunnel-client was started without it. docs/stub.md has examples."),
        ];
    }
    return [
        h(
            "p",
            { class: "muted" },
            "The first rule that matches responds while no app is there. ",
            h("span", { class: "mono" }, file),
            read_at ? `, read at ${clock(read_at)}.` : ".",
        ),
        problem && h("p", { class: "notice tone-bad", role: "alert" }, `These rules stay in force: ${problem}`),
        h("table", { class: "pairs stub-rules" }, h("tbody", null, ...items.map(rowOf))),
    ];
}

/** @param {StubRule} rule */
const rowOf = (rule) =>
    h(
        "tr",
        null,
        h("th", { scope: "row" }, String(rule.rule)),
        h("td", null, rule.if ? h("code", null, rule.if) : "every request"),
        h("td", null, rule.when === "always" ? `${rule.responds}, always` : rule.responds),
        h("td", { class: "muted" }, plural(rule.responses, "response")),
    );
