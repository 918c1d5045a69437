/** XML with its elements indented and folded by a click. */

import { h } from "../view/dom.js";

/** @typedef {import("./xml_parser.js").XmlNode} XmlNode */

/** @param {XmlNode[]} nodes */
export function xmlTree(nodes) {
    return h("div", { class: "xml", tabindex: "0", role: "group", "aria-label": "XML" }, ...nodes.map(line));
}

/**
 * @param {XmlNode} node
 * @returns {HTMLElement}
 */
function line(node) {
    if (node.type !== "element") return h("div", { class: `xml-line xml-${node.type}` }, node.markup);
    const { children } = node;
    const end = `</${node.name}>`;
    if (children.length === 0) return h("div", { class: "xml-line" }, tag(node.markup), emptyEnd(node, end));
    if (children.length === 1 && children[0].type === "text")
        return h(
            "div",
            { class: "xml-line" },
            tag(node.markup),
            children[0].markup,
            h("span", { class: "xml-tag" }, end),
        );
    return h(
        "details",
        { class: "xml-element", open: true },
        h("summary", { class: "xml-line" }, tag(node.markup), h("span", { class: "xml-folded" }, `… ${end}`)),
        h("div", { class: "xml-children" }, ...children.map(line)),
        h("div", { class: "xml-line xml-tag" }, end),
    );
}

/**
 * @param {XmlNode} node
 * @param {string} end
 */
const emptyEnd = ({ markup }, end) => (markup.endsWith("/>") ? null : h("span", { class: "xml-tag" }, end));

/** @param {string} markup of a start tag; values of attributes have a colour of their own */
function tag(markup) {
    const parts = markup.split(/("[^"]*"|'[^']*')/);
    const children = parts.map((part, i) => (i % 2 === 0 ? part : h("span", { class: "xml-value" }, part)));
    return h("span", { class: "xml-tag" }, ...children);
}
