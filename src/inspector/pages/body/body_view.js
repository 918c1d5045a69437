/** A body in the way that suits it, with the choice of the plainer ways. */

import { copyAndSay } from "../view/clipboard.js";
import { h } from "../view/dom.js";
import { base64OfBytes, bytes, bytesOfBase64, plural, textOfBytes } from "../view/format.js";
import { formPairs, multipartParts } from "./forms.js";
import { hexView } from "./hex.js";
import { jsonTree } from "./json_tree.js";
import { BodyFault } from "./body_fault.js";
import { parseJson } from "./json_parser.js";
import { essence, kindOf } from "./kind.js";
import { textView } from "./text.js";
import { parseXml } from "./xml_parser.js";
import { xmlTree } from "./xml_tree.js";

/** @typedef {import("../data/types.js").BodyView} BodyView */
/** @typedef {{label: string, build: () => HTMLElement}} Way */

/**
 * @param {BodyView} view
 * @param {{onvalue: (path: string[], value: string) => void, downloadUrl: string|null}} options
 */
export function bodyView(view, options) {
    if (kindOf(view) === "empty") return h("p", { class: "empty-body" }, "No body");
    const ways = waysOf(view, options.onvalue);
    const content = h("div", { class: "body-content" });
    const choice = h("div", { class: "segments", role: "group", "aria-label": "Show as" });
    const show = (/** @type {Way} */ way) => {
        content.replaceChildren(way.build());
        for (const other of choice.children)
            other.setAttribute("aria-pressed", String(other.textContent === way.label));
    };
    for (const way of ways) {
        choice.append(h("button", { type: "button", class: "segment", onclick: () => show(way) }, way.label));
    }
    show(ways[0]);
    return h(
        "div",
        { class: "body" },
        h("div", { class: "body-bar" }, facts(view), choice, copy(view), download(options.downloadUrl)),
        notes(view),
        content,
    );
}

/**
 * What was decoded, as it stands: a tree is for reading.
 * @param {BodyView} view
 */
function copy({ text }) {
    return text && h("button", { type: "button", class: "text-button", onclick: () => copyAndSay(text) }, "Copy");
}

/** @param {string|null} url */
function download(url) {
    return url && h("a", { class: "text-button", href: url, download: "" }, "Download");
}

/** @param {BodyView} view */
function facts(view) {
    const type = essence(view.media_type) || "no media type";
    const coded = view.codings.length > 0 ? `, ${view.codings.join(", ")} of ${bytes(view.length)}` : "";
    const length = view.codings.length > 0 ? view.decoded_length : view.length;
    return h("span", { class: "body-facts" }, h("span", { class: "mono" }, type), ` · ${bytes(length)}${coded}`);
}

/** @param {BodyView} view */
function notes(view) {
    const lines = [];
    if (view.decode_error) lines.push(`The content coding could not be undone: ${view.decode_error}.`);
    if (view.kept < view.length) lines.push(`Only the first ${bytes(view.kept)} of ${bytes(view.length)} were kept.`);
    else if (view.truncated)
        lines.push(`Only the first ${bytes(view.decoded_length)} are shown; the download has all of it.`);
    return lines.length > 0 && h("p", { class: "notice tone-warn" }, lines.join(" "));
}

/**
 * @param {BodyView} view
 * @param {(path: string[], value: string) => void} onvalue
 * @returns {Way[]}
 */
function waysOf(view, onvalue) {
    const kind = kindOf(view);
    const data = () => (view.base64 !== null ? bytesOfBase64(view.base64) : new TextEncoder().encode(view.text ?? ""));
    const text = view.text ?? "";
    const hex = { label: "Hex", build: () => hexView(data()) };
    const asText = { label: "Text", build: () => textView(text) };
    switch (kind) {
        case "json":
            return [{ label: "Tree", build: () => json(text, view.truncated, onvalue) }, asText, hex];
        case "xml":
            return [{ label: "Tree", build: () => xml(text, view.truncated) }, asText, hex];
        case "form":
            return [{ label: "Table", build: () => formTable(formPairs(text), onvalue) }, asText, hex];
        case "multipart": {
            const parts = multipartParts(data(), view.media_type ?? "");
            const rest = view.text === null ? [hex] : [asText, hex];
            return parts ? [{ label: "Parts", build: () => partsTable(parts) }, ...rest] : rest;
        }
        case "image":
            return [{ label: "Image", build: () => image(view, data()) }, ...(view.text === null ? [] : [asText]), hex];
        case "text":
            return [asText, hex];
        default:
            return [hex];
    }
}

/**
 * @param {string} text
 * @param {boolean} truncated
 * @param {(path: string[], value: string) => void} onvalue
 */
const json = (text, truncated, onvalue) =>
    treeOrFault(text, truncated, "JSON", () => jsonTree(text, parseJson(text), onvalue));

/**
 * @param {string} text
 * @param {boolean} truncated
 */
const xml = (text, truncated) => treeOrFault(text, truncated, "XML", () => xmlTree(parseXml(text)));

/**
 * What `build` makes; where the text is at fault, the text with a mark at the place.
 * @param {string} text
 * @param {boolean} truncated a body that was cut is at fault for that reason alone
 * @param {string} format
 * @param {() => HTMLElement} build
 */
function treeOrFault(text, truncated, format, build) {
    try {
        return build();
    } catch (error) {
        if (!(error instanceof BodyFault)) throw error;
        if (truncated) return textView(text);
        const place = `Line ${error.line}, column ${error.column}: ${error.message}.`;
        return h(
            "div",
            null,
            h(
                "p",
                { class: "notice tone-bad body-fault", role: "alert" },
                h("strong", null, `Not valid ${format}. `),
                place,
            ),
            textView(text, error),
        );
    }
}

/**
 * @param {[string, string][]} pairs
 * @param {(path: string[], value: string) => void} onvalue
 */
export function formTable(pairs, onvalue) {
    const rows = pairs.map(([name, value]) =>
        h(
            "tr",
            null,
            h("th", { scope: "row" }, name),
            h(
                "td",
                null,
                h(
                    "button",
                    {
                        type: "button",
                        class: "value filters",
                        title: "Add to the filter",
                        onclick: () => onvalue([name], value),
                    },
                    value,
                ),
            ),
        ),
    );
    return h("table", { class: "pairs" }, h("tbody", null, ...rows));
}

/** @param {import("./forms.js").Part[]} parts */
function partsTable(parts) {
    const rows = parts.map((part) => {
        const readable = !part.filename && part.content.length < 100_000;
        const content = readable
            ? textOfBytes(part.content)
            : [part.filename && `"${part.filename}"`, part.type, bytes(part.content.length)]
                  .filter(Boolean)
                  .join(" · ");
        const image =
            /^image\/(png|jpeg|gif|webp)$/.test(essence(part.type)) &&
            h("img", {
                class: "part-image",
                alt: part.filename ?? part.name,
                src: dataUrl(essence(part.type), part.content),
            });
        return h(
            "tr",
            null,
            h("th", { scope: "row" }, part.name),
            h("td", { class: readable ? null : "muted" }, content, !readable && partDownload(part), image),
        );
    });
    const caption = h("caption", { class: "visually-hidden" }, plural(parts.length, "part"));
    return h("table", { class: "pairs" }, caption, h("tbody", null, ...rows));
}

/**
 * Its bytes as a file; no browser opens what has no type of its own.
 * @param {import("./forms.js").Part} part
 */
const partDownload = ({ content, filename, name }) =>
    h(
        "a",
        {
            class: "text-button part-download",
            href: dataUrl("application/octet-stream", content),
            download: filename || name || "part",
        },
        "Download",
    );

/**
 * @param {BodyView} view
 * @param {Uint8Array} data
 */
function image(view, data) {
    const size = h("figcaption", { class: "muted" });
    const picture = h("img", { alt: "The body as an image", src: dataUrl(essence(view.media_type), data) });
    picture.addEventListener("load", () => {
        size.textContent = `${picture.naturalWidth} × ${picture.naturalHeight}`;
    });
    picture.addEventListener("error", () => {
        size.textContent = "The browser cannot show these bytes as an image.";
        picture.remove();
    });
    return h("figure", { class: "image" }, picture, size);
}

/**
 * An image or a file runs no script, and a data URL has no origin that it could run one in.
 * @param {string} type
 * @param {Uint8Array} data
 */
function dataUrl(type, data) {
    return `data:${type};base64,${base64OfBytes(data)}`;
}
