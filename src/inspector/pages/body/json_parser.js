/**
 * Reads JSON into nodes that point into the text. Numbers are never converted, so 19 digits stay 19 digits; repeated
 * members and the order of members stay as they are; an error names its place.
 */

import { BodyFault } from "./body_fault.js";

/**
 * @typedef {object} JsonNode
 * @property {"object"|"array"|"string"|"number"|"word"} type
 * @property {number} start
 * @property {number} end
 * @property {JsonMember[]} [members] of an object or array
 *
 * @typedef {object} JsonMember
 * @property {string} key name of the member, or index
 * @property {JsonNode} node
 */

/** Deeper nesting is shown as text: a tree of that depth helps nobody and costs memory. */
const maxDepth = 500;

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const space = /[ \t\r\n]*/y;
// eslint-disable-next-line no-control-regex -- JSON forbids exactly these
const stringBody = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const word = /[A-Za-z_$][A-Za-z0-9_$]*/y;

class Reader {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    /** @param {RegExp} pattern sticky */
    match(pattern) {
        pattern.lastIndex = this.at;
        const found = pattern.exec(this.text);
        if (!found) return null;
        this.at = pattern.lastIndex;
        return found[0];
    }

    skipSpace() {
        this.match(space);
    }

    /**
     * @param {string} message
     * @param {number} [offset]
     * @returns {never}
     */
    fail(message, offset = this.at) {
        throw new BodyFault(message, this.text, offset);
    }

    /** @returns {string} what stands here, for a message */
    here() {
        if (this.at >= this.text.length) return "the end of the text";
        const character = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
        return character < " "
            ? `the control character U+${character.charCodeAt(0).toString(16).padStart(4, "0")}`
            : `"${character}"`;
    }

    /** @returns {JsonNode} */
    string() {
        const start = this.at;
        this.at += 1;
        this.match(stringBody);
        const c = this.text[this.at];
        if (c === undefined) this.fail("This string has no end", start);
        if (c === "\\") this.fail("This escape sequence does not exist in JSON");
        if (c !== '"') this.fail(`A string cannot hold ${this.here()}; it must be escaped`);
        this.at += 1;
        return { type: "string", start, end: this.at };
    }

    /** @returns {JsonNode} a value without members */
    scalar() {
        const start = this.at;
        const c = this.text[start];
        if (c === '"') return this.string();
        if (c === "-" || (c >= "0" && c <= "9")) return this.number();
        const name = this.match(word);
        if (name === "true" || name === "false" || name === "null") return { type: "word", start, end: this.at };
        if (name !== null) this.fail(`${name} is not a value in JSON`, start);
        return this.fail(`A value is expected here, not ${this.here()}`);
    }

    /** @returns {JsonNode} */
    number() {
        const start = this.at;
        if (this.match(number) === null) this.fail("A digit must follow the minus sign");
        if (/[0-9.eE+-]/.test(this.text[this.at] ?? "")) this.fail("This number is not written as JSON has it");
        return { type: "number", start, end: this.at };
    }

    /**
     * The name and the colon of a member.
     * @returns {string}
     */
    name() {
        if (this.text[this.at] !== '"') this.fail(`A name in double quotes is expected here, not ${this.here()}`);
        const node = this.string();
        this.skipSpace();
        if (this.text[this.at] !== ":") this.fail(`A colon is expected here, not ${this.here()}`);
        this.at += 1;
        return stringOf(this.text, node);
    }
}

/**
 * @param {string} text
 * @returns {JsonNode}
 * @throws {BodyFault}
 */
export function parseJson(text) {
    const reader = new Reader(text);
    /** @type {JsonNode[]} objects and arrays that are open */
    const open = [];
    for (;;) {
        reader.skipSpace();
        let node = begin(reader, open);
        if (node === null) continue;
        // A value is complete: so may be those around it.
        for (;;) {
            const around = open.at(-1);
            reader.skipSpace();
            if (!around) {
                if (reader.at < text.length) reader.fail(`The value ends before this, but ${reader.here()} follows`);
                return node;
            }
            if (!closes(reader, around)) break;
            node = around;
            open.pop();
        }
    }
}

/**
 * Reads a value; null where an object or array was opened.
 * @param {Reader} reader
 * @param {JsonNode[]} open
 * @returns {JsonNode|null}
 */
function begin(reader, open) {
    const around = open.at(-1);
    let key = "";
    if (around?.type === "object") {
        key = reader.name();
        reader.skipSpace();
    } else if (around) {
        key = String(around.members?.length ?? 0);
    }
    const c = reader.text[reader.at];
    const opens = c === "{" || c === "[";
    const node = opens ? container(reader, c) : reader.scalar();
    around?.members?.push({ key, node });
    if (!opens) return node;
    reader.skipSpace();
    const end = c === "{" ? "}" : "]";
    if (reader.text[reader.at] === end) {
        reader.at += 1;
        node.end = reader.at;
        return node;
    }
    if (open.length >= maxDepth)
        reader.fail(`More than ${maxDepth} objects and arrays inside each other are not shown`, node.start);
    open.push(node);
    return null;
}

/**
 * @param {Reader} reader
 * @param {string} c
 * @returns {JsonNode}
 */
function container(reader, c) {
    const start = reader.at;
    reader.at += 1;
    return { type: c === "{" ? "object" : "array", start, end: start, members: [] };
}

/**
 * After a member: true where the object or array ends, false where another member follows.
 * @param {Reader} reader
 * @param {JsonNode} around
 */
function closes(reader, around) {
    const c = reader.text[reader.at];
    const end = around.type === "object" ? "}" : "]";
    if (c !== "," && c !== end) reader.fail(`A comma or ${end} is expected here, not ${reader.here()}`);
    reader.at += 1;
    if (c === ",") return false;
    around.end = reader.at;
    return true;
}

/** @type {Record<string, string>} */
const escapes = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * The value of a string.
 * @param {string} text
 * @param {JsonNode} node
 */
export function stringOf(text, node) {
    const inner = text.slice(node.start + 1, node.end - 1);
    if (!inner.includes("\\")) return inner;
    return inner.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escape) => {
        if (escape.length > 1) return String.fromCharCode(parseInt(escape.slice(1), 16));
        return escapes[escape] ?? escape;
    });
}
