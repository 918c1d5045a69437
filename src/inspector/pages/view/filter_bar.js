/** The field for the filter: applied while it is typed, with keys suggested and errors shown in their place. */

import { filterKeys } from "../data/filter_terms.js";
import { fill, h, part } from "./dom.js";

const typingPauseMs = 250;
const suggestionsAtOnce = 8;

export class FilterBar {
    /**
     * @param {(q: string, typed: boolean) => void} onfilter
     * @param {() => void} onhelp
     */
    constructor(onfilter, onhelp) {
        this.onfilter = onfilter;
        this.onhelp = onhelp;
        this.input = /** @type {HTMLInputElement} */ (part("filter"));
        this.clearButton = part("filter-clear");
        this.error = part("filter-error");
        this.list = part("filter-suggestions");
        this.active = -1;
        /** A key was accepted and its value is to be typed: the text is not a filter yet. */
        this.awaitsValue = false;
        /** @type {number|undefined} */
        this.timer = undefined;
        this.listen();
    }

    listen() {
        this.input.addEventListener("input", () => {
            this.awaitsValue = false;
            this.suggest();
            this.clearButton.hidden = this.input.value === "";
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.onfilter(this.input.value.trim(), true), typingPauseMs);
        });
        this.input.addEventListener("keydown", (event) => this.onkey(event));
        this.input.addEventListener("blur", () => {
            this.awaitsValue = false;
            this.closeSuggestions();
        });
        this.list.addEventListener("pointerdown", (event) => {
            event.preventDefault();
            const option = /** @type {Element} */ (event.target).closest("[role=option]");
            if (option) this.accept([...this.list.children].indexOf(option));
        });
        this.clearButton.addEventListener("click", () => {
            this.awaitsValue = false;
            this.set("");
            this.onfilter("", false);
            this.input.focus();
        });
    }

    focus() {
        this.input.focus();
        this.input.select();
    }

    /** @param {string} q */
    set(q) {
        // What is being typed is not overwritten by its own trimmed self.
        if (this.input.value.trim() !== q && !this.awaitsValue) this.input.value = q;
        this.clearButton.hidden = q === "";
    }

    /** @param {KeyboardEvent} event */
    onkey(event) {
        const open = !this.list.hidden;
        const size = this.list.children.length;
        if (open && event.key === "ArrowDown") this.activate((this.active + 1) % size);
        else if (open && event.key === "ArrowUp") this.activate((this.active + size - 1) % size);
        else if (open && (event.key === "Tab" || event.key === "Enter") && this.active >= 0) this.accept(this.active);
        else if (open && event.key === "Escape") this.closeSuggestions();
        else if (event.key === "Escape") this.input.blur();
        else if (event.key === "Enter") {
            clearTimeout(this.timer);
            this.awaitsValue = false;
            this.closeSuggestions();
            this.onfilter(this.input.value.trim(), false);
            return;
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    /** The word that is being typed, if it may be the beginning of a key. */
    word() {
        const before = this.input.value.slice(0, this.input.selectionStart ?? 0);
        return /(?:^|[\s(-])([a-z]+)$/.exec(before)?.[1] ?? null;
    }

    suggest() {
        const word = this.word();
        const found =
            word === null ? [] : filterKeys.filter(({ key }) => key.startsWith(word)).slice(0, suggestionsAtOnce);
        this.active = -1;
        this.list.replaceChildren(
            ...found.map(({ key, example, says }, i) =>
                h(
                    "li",
                    { role: "option", id: `suggestion-${i}`, "aria-selected": "false", "data-key": key },
                    h("span", { class: "mono" }, example),
                    h("span", { class: "muted" }, says),
                ),
            ),
        );
        this.showSuggestions(found.length > 0);
    }

    /** @param {boolean} shown */
    showSuggestions(shown) {
        this.list.hidden = !shown;
        this.input.setAttribute("aria-expanded", String(shown));
        if (!shown) this.input.removeAttribute("aria-activedescendant");
    }

    closeSuggestions() {
        this.active = -1;
        this.showSuggestions(false);
    }

    /** @param {number} index */
    activate(index) {
        this.active = index;
        [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
        this.input.setAttribute("aria-activedescendant", `suggestion-${index}`);
    }

    /** @param {number} index */
    accept(index) {
        const key = this.list.children[index].getAttribute("data-key") ?? "";
        const end = this.input.selectionStart ?? 0;
        const start = end - (this.word()?.length ?? 0);
        const keyed = /^(header|reqheader|resheader)$/.test(key) ? `${key}.` : `${key}:`;
        this.input.setRangeText(keyed, start, end, "end");
        this.awaitsValue = true;
        clearTimeout(this.timer);
        this.closeSuggestions();
    }

    clearError() {
        this.error.hidden = true;
        this.input.removeAttribute("aria-invalid");
    }

    /**
     * @param {string} q
     * @param {import("../data/api.js").ApiError} fault
     */
    showError(q, fault) {
        this.error.hidden = false;
        this.input.setAttribute("aria-invalid", "true");
        const marked = fault.position === undefined ? null : markedAt([...q], fault.position);
        const help = h("button", { type: "button", class: "text-button", onclick: this.onhelp }, "All keys (?)");
        fill(this.error, marked, h("span", null, fault.message, "\u2003", help));
    }
}

/**
 * @param {string[]} points of the filter
 * @param {number} position
 */
function markedAt(points, position) {
    const at = Math.min(position, points.length);
    const rest = points.slice(at).join("");
    const word = /^\S+/.exec(rest)?.[0] ?? "";
    return h(
        "code",
        { class: "error-place" },
        points.slice(0, at).join(""),
        h("mark", null, word || "\u00a0"),
        rest.slice(word.length),
    );
}
