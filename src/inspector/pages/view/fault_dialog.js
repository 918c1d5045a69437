/** The faults that are made on purpose: which are on, and a form to turn one on. */

import { addFault, clearFaults, listFaults, removeFault } from "../data/api.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { clock, count, plural } from "./format.js";
import { toastError } from "./toast.js";

/** @typedef {import("../data/types.js").Fault} Fault */

/** What is offered; docs/faults.md has all of them. */
const examples = [
    "drop 30% if path:/hook",
    "delay slack if provider:slack",
    "status 503 retry-after 10 first 3",
    "duplicate if method:POST",
    "reset nth 5",
    "truncate 100",
    "hold 3 5s",
];

/** @type {(() => void)|null} loads the list of the dialog that is open */
let reload = null;

/** The faults of the client have changed, here or elsewhere. */
export const faultsChanged = () => reload?.();

export function openFaults() {
    const rows = h("div", { class: "fault-rows" });
    const clear = button("Turn all off", null, () => change(clearFaults), { class: "button danger" });
    const form = new FaultForm(() => reload?.());
    const dialog = openDialog(
        "Faults on purpose",
        "faults",
        [
            h(
                "p",
                { class: "muted" },
                "A fault is made for the requests that its rule names, until it is turned off, its time has passed or " +
                    "tunnel-client ends.",
            ),
            rows,
            form.element,
        ],
        [clear, button("Close", null, () => dialog.close())],
    );
    reload = async () => {
        try {
            const faults = await listFaults();
            fill(rows, ...(faults.length > 0 ? faults.map(rowOf) : [h("p", null, "No fault is on.")]));
            clear.hidden = faults.length === 0;
        } catch (error) {
            toastError(error);
        }
    };
    dialog.addEventListener("close", () => (reload = null));
    reload();
    form.rule.focus();
}

/** @param {() => Promise<unknown>} call */
async function change(call) {
    try {
        await call();
    } catch (error) {
        toastError(error);
    }
    reload?.();
}

/** @param {Fault} fault */
function rowOf(fault) {
    const until = fault.ends_at ? `, until ${clock(fault.ends_at)}` : "";
    return h(
        "div",
        { class: "fault-row" },
        h("code", null, fault.rule),
        h("span", { class: "muted" }, `made ${count(fault.applied)} of ${plural(fault.matched, "time")}${until}`),
        button("Turn off", null, () => change(() => removeFault(fault.id)), {
            "aria-label": `Turn off ${fault.rule}`,
        }),
    );
}

class FaultForm {
    /** @param {() => void} onadded */
    constructor(onadded) {
        this.onadded = onadded;
        this.rule = h("input", { class: "input mono", maxlength: "4096", required: true });
        this.time = h("input", { class: "input", maxlength: "16", placeholder: "10m" });
        this.problem = h("p", { class: "notice tone-bad", role: "alert", hidden: true });
        this.element = h(
            "form",
            { class: "form", onsubmit: (/** @type {SubmitEvent} */ event) => this.add(event) },
            h("label", { class: "form-label" }, h("span", null, "Rule: ACTION [N% | nth N | first N] [if FILTER]")),
            this.rule,
            h(
                "div",
                { class: "options" },
                h("label", null, "For", this.time),
                h("button", { type: "submit", class: "button primary" }, "Turn on"),
            ),
            this.problem,
            h("div", { class: "fault-examples" }, "Such as", ...examples.map((text) => this.example(text))),
        );
        this.rule.setAttribute("aria-label", "Rule");
    }

    /** @param {string} text a rule that a click takes, to be changed */
    example(text) {
        const take = () => {
            this.rule.value = text;
            this.rule.focus();
        };
        return h("button", { type: "button", class: "chip mono", onclick: take }, text);
    }

    /** @param {SubmitEvent} event */
    async add(event) {
        event.preventDefault();
        this.problem.hidden = true;
        try {
            await addFault(this.rule.value.trim(), this.time.value.trim() || null);
            this.rule.value = "";
            this.onadded();
        } catch (error) {
            this.problem.textContent = error instanceof Error ? error.message : String(error);
            this.problem.hidden = false;
        }
        this.rule.focus();
    }
}
