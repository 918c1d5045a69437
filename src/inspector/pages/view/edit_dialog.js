/** Edit and replay: the request by its fields, or as a raw message. What was not touched is sent as it was recorded. */

import { getBody, replayExchange, viewBody } from "../data/api.js";
import { indented, isJson, withLayoutOf } from "../body/json_layout.js";
import { button, iconButton } from "./buttons.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openDialog } from "./dialog.js";
import { base64OfBytes, bytes, bytesOfBase64, textOfBytes } from "./format.js";

/** @typedef {import("../data/types.js").Exchange} Exchange */
/** @typedef {import("../data/types.js").Field} Field */
/** @typedef {import("../data/types.js").ReplayRequest} ReplayRequest */
/** @typedef {import("../data/types.js").BodyView} BodyView */

/**
 * @param {Exchange} exchange
 * @param {(results: import("../data/types.js").ReplayResult[]) => void} ondone
 */
export async function openEditDialog(exchange, ondone) {
    const [view, raw] = await Promise.all([viewBody(exchange.id, "request"), getBody(exchange.id, "request")]);
    const fields = new FieldsForm(exchange, view);
    const message = new RawForm(exchange, raw);
    const options = new OptionsForm(exchange);
    const fault = h("p", { class: "notice tone-bad", role: "alert", hidden: true });

    let byFields = true;
    const ways = h("div", { class: "segments", role: "group", "aria-label": "Edit as" });
    const choose = (/** @type {boolean} */ asFields) => {
        byFields = asFields;
        fields.element.hidden = !asFields;
        message.element.hidden = asFields;
        [...ways.children].forEach((way, i) => way.setAttribute("aria-pressed", String((i === 0) === asFields)));
    };
    ways.append(
        h("button", { type: "button", class: "segment", onclick: () => choose(true) }, "Form"),
        h("button", { type: "button", class: "segment", onclick: () => choose(false) }, "Raw message"),
    );

    const send = async () => {
        fault.hidden = true;
        sendButton.disabled = true;
        try {
            const edits = byFields ? fields.edits() : message.edits();
            const results = await replayExchange(exchange.id, { ...options.read(), ...(edits ? { edits } : {}) });
            dialog.close();
            ondone(results);
        } catch (error) {
            fault.textContent = error instanceof Error ? error.message : String(error);
            fault.hidden = false;
        } finally {
            sendButton.disabled = false;
        }
    };
    const sendButton = h(
        "button",
        { type: "button", class: "button primary", onclick: send },
        icon("replay"),
        "Send",
        h("kbd", null, "Ctrl ⏎"),
    );
    const dialog = openDialog(
        "Edit and replay",
        "edit",
        [ways, fault, fields.element, message.element, options.element],
        [button("Cancel", null, () => dialog.close()), sendButton],
    );
    dialog.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    });
    choose(true);
    fields.target.focus();
}

class FieldsForm {
    /**
     * @param {Exchange} exchange
     * @param {BodyView} view
     */
    constructor(exchange, view) {
        this.exchange = exchange;
        this.view = view;
        this.method = h("input", {
            class: "input mono method-input",
            "aria-label": "Method",
            value: exchange.method,
            spellcheck: "false",
        });
        this.target = h("input", {
            class: "input mono",
            "aria-label": "Target",
            value: exchange.target,
            spellcheck: "false",
        });
        this.layout = h("div", { class: "segments", role: "group", "aria-label": "Layout of the body", hidden: true });
        this.isIndented = false;
        this.rows = h("div", { class: "field-rows" });
        for (const field of exchange.request.fields) this.addRow(field);
        this.body = h("textarea", {
            class: "input mono body-input",
            rows: "12",
            "aria-label": "Body",
            spellcheck: "false",
        });
        this.element = h(
            "div",
            { class: "form" },
            h("div", { class: "request-line" }, this.method, this.target),
            h(
                "div",
                { class: "form-label" },
                h("h3", null, "Headers"),
                button("Add header", "plus", () => this.addRow(["", ""]).focus(), { class: "text-button" }),
            ),
            this.rows,
            h("div", { class: "form-label" }, h("h3", null, "Body"), this.layout, this.bodyNote()),
            this.body,
        );
    }

    bodyNote() {
        const { view } = this;
        if (view.text === null) {
            this.body.disabled = true;
            this.body.placeholder = `${bytes(view.length)} that are not text are sent unchanged.`;
            return null;
        }
        this.body.value = view.text;
        // A text area turns CR LF into LF, which alone is not a change.
        this.shown = this.body.value;
        if (!view.truncated && isJson(view.text)) this.offerLayouts();
        if (view.codings.length > 0)
            return h(
                "span",
                { class: "muted" },
                `A change is sent without the content coding ${view.codings.join(", ")}`,
            );
        return view.truncated
            ? h("span", { class: "muted" }, "Not all of it is here: a change replaces the whole body")
            : null;
    }

    offerLayouts() {
        const way = (/** @type {boolean} */ asIndented, /** @type {string} */ name, /** @type {string} */ title) =>
            h(
                "button",
                {
                    type: "button",
                    class: "segment",
                    title,
                    "aria-pressed": String(asIndented === this.isIndented),
                    onclick: () => this.lay(asIndented),
                },
                name,
            );
        this.layout.hidden = false;
        this.layout.replaceChildren(
            way(false, "As sent", "The body with its own blanks and line breaks"),
            way(true, "Indented", "One value a line, to edit; what is not edited is sent as it was recorded"),
        );
    }

    /** @param {boolean} asIndented */
    lay(asIndented) {
        if (asIndented !== this.isIndented && isJson(this.body.value)) {
            this.body.value = asIndented ? indented(this.body.value) : this.bodyText();
        }
        this.isIndented = asIndented;
        this.offerLayouts();
    }

    /** The body to send; what was not edited has its blanks and line breaks as they were recorded. */
    bodyText() {
        const recorded = this.view.text ?? "";
        const { value } = this.body;
        if (this.isIndented && isJson(value)) return withLayoutOf(recorded, value);
        if (value === this.shown) return recorded;
        return recorded.includes("\r\n") ? value.replaceAll("\n", "\r\n") : value;
    }

    /** @param {Field} field */
    addRow([name, value]) {
        const nameInput = h("input", {
            class: "input mono",
            "aria-label": "Name of the header",
            value: name,
            spellcheck: "false",
        });
        const valueInput = h("input", {
            class: "input mono",
            "aria-label": `Value of ${name || "the header"}`,
            value,
            spellcheck: "false",
        });
        const row = h("div", { class: "field-row" }, nameInput, valueInput);
        row.append(iconButton(`Remove ${name || "header"}`, "close", () => row.remove()));
        this.rows.append(row);
        return nameInput;
    }

    /** @returns {Field[]} */
    fields() {
        const rows = /** @type {HTMLElement[]} */ ([...this.rows.children]);
        return rows
            .map((row) => /** @type {Field} */ ([...row.querySelectorAll("input")].map((input) => input.value)))
            .filter(([name]) => name !== "");
    }

    /** @returns {import("../data/types.js").Edits|null} what was changed */
    edits() {
        const { exchange } = this;
        /** @type {import("../data/types.js").Edits} */
        const edits = {};
        if (this.method.value !== exchange.method) edits.method = this.method.value;
        if (this.target.value !== exchange.target) edits.target = this.target.value;
        let fields = this.fields();
        const text = this.body.disabled ? this.view.text : this.bodyText();
        if (text !== null && text !== this.view.text) {
            edits.body_text = text;
            if (this.view.codings.length > 0)
                fields = fields.filter(([name]) => name.toLowerCase() !== "content-encoding");
        }
        if (JSON.stringify(fields) !== JSON.stringify(exchange.request.fields)) edits.fields = fields;
        return Object.keys(edits).length > 0 ? edits : null;
    }
}

class RawForm {
    /**
     * @param {Exchange} exchange
     * @param {Uint8Array} body
     */
    constructor(exchange, body) {
        const head = bytesOfBase64(exchange.request.sent_head_base64 ?? exchange.request.head_base64);
        this.body = body;
        this.bodyIsText =
            !body.includes(0) && base64OfBytes(new TextEncoder().encode(textOfBytes(body))) === base64OfBytes(body);
        const bodyText = textOfBytes(body);
        this.crlf = bodyText.includes("\r\n");
        this.input = h("textarea", {
            class: "input mono raw-input",
            rows: "22",
            "aria-label": "Raw message",
            spellcheck: "false",
        });
        this.input.value = textOfBytes(head) + (this.bodyIsText ? bodyText : "");
        this.shown = this.input.value;
        const note = this.bodyIsText
            ? "Lines of the head end in CR LF when it is sent; Content-Length follows the body."
            : `The body, ${bytes(body.length)} that are not text, follows the head unchanged.`;
        this.element = h("div", { class: "form" }, this.input, h("p", { class: "muted" }, note));
    }

    /** @returns {import("../data/types.js").Edits|null} */
    edits() {
        if (this.input.value === this.shown) return null;
        const text = this.input.value;
        const blank = text.indexOf("\n\n");
        const head = (blank < 0 ? text.replace(/\n*$/, "") : text.slice(0, blank)).replaceAll("\n", "\r\n");
        const body = blank < 0 ? "" : text.slice(blank + 2);
        const encoder = new TextEncoder();
        const tail = this.bodyIsText ? encoder.encode(this.crlf ? body.replaceAll("\n", "\r\n") : body) : this.body;
        const start = encoder.encode(`${head}\r\n\r\n`);
        const whole = new Uint8Array(start.length + tail.length);
        whole.set(start);
        whole.set(tail, start.length);
        return { raw_base64: base64OfBytes(whole) };
    }
}

class OptionsForm {
    /** @param {Exchange} exchange */
    constructor(exchange) {
        this.to = h("input", {
            class: "input",
            inputmode: "numeric",
            placeholder: exchange.app ?? "same port",
            "aria-label": "Port to send to",
        });
        this.times = h("input", {
            class: "input",
            type: "number",
            min: "1",
            max: "1000",
            value: "1",
            "aria-label": "Times",
        });
        this.exact = h("input", { type: "checkbox" });
        this.resign = h("input", { type: "checkbox", checked: exchange.verification?.resign === "proposed" });
        this.truncated = h("input", { type: "checkbox" });
        const cut = exchange.request.body.kept < exchange.request.body.length;
        this.element = h(
            "div",
            { class: "options" },
            h("label", null, "Send to port ", this.to),
            h("label", null, "Times ", this.times),
            h("label", null, this.exact, "Without Tunnel-Replay-Of"),
            exchange.signature ? h("label", null, this.resign, "Sign again, with a fresh timestamp") : null,
            cut ? h("label", { title: "Not all of the body was kept" }, this.truncated, "Send the cut body") : null,
        );
    }

    /** @returns {ReplayRequest} */
    read() {
        return {
            ...(this.to.value.trim() ? { to: this.to.value.trim() } : {}),
            ...(Number(this.times.value) > 1 ? { times: Number(this.times.value) } : {}),
            ...(this.exact.checked ? { exact: true } : {}),
            ...(this.resign.checked ? { resign: true } : {}),
            ...(this.truncated.checked ? { allow_truncated: true } : {}),
        };
    }
}
