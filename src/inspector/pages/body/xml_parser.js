/** Reads XML into a tree of its markup as it stands: nothing is resolved or fetched, and an error names its place. */

import { BodyFault } from "./body_fault.js";

/**
 * @typedef {object} XmlNode
 * @property {"element"|"text"|"other"} type other: comments, processing instructions, CDATA and declarations
 * @property {string} markup the start tag, or all of what is not an element
 * @property {string} name of an element
 * @property {XmlNode[]} children
 */

/** Deeper nesting is shown as text, as for JSON. */
const maxDepth = 200;

/** Nodes of one tree: a browser lays out so many lines without a pause. */
const maxNodes = 5000;

const others = /** @type {const} */ ([
    ["<!--", "-->", "comment"],
    ["<![CDATA[", "]]>", "CDATA section"],
    ["<?", "?>", "processing instruction"],
]);

const name = /[^\s<>/="'&?!][^\s<>/="'&]*/y;
const attribute = /\s+[^\s<>/="'&]+\s*=\s*(?:"[^"<]*"|'[^'<]*')/y;

class Reader {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
        this.at = 0;
        this.nodes = 0;
        /** @type {XmlNode} */
        this.root = { type: "element", markup: "", name: "", children: [] };
        /** @type {{node: XmlNode, start: number}[]} */
        this.open = [{ node: this.root, start: 0 }];
    }

    /**
     * @param {string} message
     * @param {number} [offset]
     * @returns {never}
     */
    fail(message, offset = this.at) {
        throw new BodyFault(message, this.text, offset);
    }

    read() {
        while (this.at < this.text.length) {
            if (this.text[this.at] === "<") this.markup();
            else this.characters();
        }
        const { node, start } = this.innermost();
        if (node !== this.root) this.fail(`<${node.name}> is never closed`, start);
        if (!this.root.children.some(({ type }) => type === "element")) this.fail("The document has no root element");
        return this.root.children;
    }

    innermost() {
        return this.open[this.open.length - 1];
    }

    /**
     * @param {XmlNode["type"]} type
     * @param {string} markup
     * @param {string} [its]
     */
    add(type, markup, its = "") {
        this.nodes += 1;
        if (this.nodes > maxNodes) this.fail(`More than ${maxNodes} elements and texts are not shown as a tree`);
        /** @type {XmlNode} */
        const node = { type, markup, name: its, children: [] };
        this.innermost().node.children.push(node);
        return node;
    }

    characters() {
        const end = this.text.indexOf("<", this.at);
        const to = end < 0 ? this.text.length : end;
        const content = this.text.slice(this.at, to).replace(/^\ufeff/, "").trim();
        if (content !== "" && this.open.length === 1) this.fail("Text is not allowed outside the outermost element");
        if (content !== "") this.add("text", content);
        this.at = to;
    }

    markup() {
        for (const [begin, end, what] of others) {
            if (this.text.startsWith(begin, this.at)) return this.until(end, begin.length, what);
        }
        if (this.text.startsWith("<!", this.at)) return this.declaration();
        return this.text[this.at + 1] === "/" ? this.endTag() : this.startTag();
    }

    /**
     * @param {string} end
     * @param {number} skip
     * @param {string} what
     */
    until(end, skip, what) {
        const found = this.text.indexOf(end, this.at + skip);
        if (found < 0) this.fail(`This ${what} is never closed`);
        this.add("other", this.text.slice(this.at, found + end.length));
        this.at = found + end.length;
    }

    /** A document type, with or without declarations in brackets. */
    declaration() {
        const bracket = this.text.indexOf("[", this.at);
        const plain = this.text.indexOf(">", this.at);
        const inner = bracket >= 0 && bracket < plain;
        const found = inner ? this.text.indexOf("]", bracket) : this.at;
        const end = found < 0 ? -1 : this.text.indexOf(">", found);
        if (end < 0) this.fail("This declaration is never closed");
        this.add("other", this.text.slice(this.at, end + 1));
        this.at = end + 1;
    }

    /** @param {RegExp} pattern sticky */
    match(pattern) {
        pattern.lastIndex = this.at;
        const found = pattern.exec(this.text)?.[0] ?? null;
        if (found !== null) this.at = pattern.lastIndex;
        return found;
    }

    startTag() {
        const start = this.at;
        this.at += 1;
        const its = this.match(name) ?? this.fail('A name must follow "<"');
        while (this.match(attribute) !== null);
        const end = this.match(/\s*\/?>/y) ?? this.fail(`The tag <${its}> is not valid here`);
        if (this.open.length === 1 && this.root.children.some(({ type }) => type === "element"))
            this.fail("A document has one outermost element; this is a second one", start);
        const node = this.add("element", this.text.slice(start, this.at), its);
        if (end.endsWith("/>")) return;
        if (this.open.length > maxDepth) this.fail(`More than ${maxDepth} elements inside each other are not shown`);
        this.open.push({ node, start });
    }

    endTag() {
        const start = this.at;
        this.at += 2;
        const its = this.match(name) ?? this.fail('A name must follow "</"');
        if (this.match(/\s*>/y) === null) this.fail(`The tag </${its}> is not valid here`);
        const { node } = this.innermost();
        if (node === this.root) this.fail(`</${its}> closes nothing`, start);
        if (node.name !== its) this.fail(`</${its}> where </${node.name}> is expected`, start);
        this.open.pop();
    }
}

/**
 * @param {string} text
 * @returns {XmlNode[]} the outermost element, and what stands beside it
 */
export const parseXml = (text) => new Reader(text).read();
