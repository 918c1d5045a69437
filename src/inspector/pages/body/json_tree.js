/** JSON as a tree: members are built when their parent is opened, arrow keys walk it, a click on a value filters. */

import { h } from "../view/dom.js";
import { plural } from "../view/format.js";
import { stringOf } from "./json_parser.js";

/** @typedef {import("./json_parser.js").JsonNode} JsonNode */
/** @typedef {import("./json_parser.js").JsonMember} JsonMember */

/** More members are shown on demand: a browser lays out hundreds of lines at once, not a hundred thousand. */
const membersAtOnce = 100;
/** As many lines are open at first. */
const linesAtFirst = 120;

/**
 * @param {string} text
 * @param {JsonNode} root
 * @param {(path: string[], value: string) => void} onvalue
 */
export function jsonTree(text, root, onvalue) {
    const budget = { lines: linesAtFirst };
    const tree = h("div", { class: "json", role: "tree", "aria-label": "JSON" });
    const builder = new TreeBuilder(text, onvalue);
    tree.append(builder.item({ key: "", node: root }, [], budget));
    tree.querySelector(".json-line")?.setAttribute("tabindex", "0");
    tree.addEventListener("keydown", (event) => walk(tree, event));
    return tree;
}

class TreeBuilder {
    /**
     * @param {string} text
     * @param {(path: string[], value: string) => void} onvalue
     */
    constructor(text, onvalue) {
        this.text = text;
        this.onvalue = onvalue;
    }

    /**
     * @param {JsonMember} member
     * @param {string[]} path
     * @param {{lines: number}} budget
     * @param {boolean} [isItem] of an array
     * @returns {HTMLElement}
     */
    item(member, path, budget, isItem = false) {
        const key =
            path.length === 0
                ? null
                : h("span", { class: isItem ? "json-index" : "json-key" }, `${visible(member.key)}: `);
        return member.node.members ? this.branch(member.node, key, path, budget) : this.leaf(member.node, key, path);
    }

    /**
     * @param {JsonNode} node
     * @param {HTMLElement|null} key
     * @param {string[]} path
     */
    leaf(node, key, path) {
        const raw = this.text.slice(node.start, node.end);
        const value = node.type === "string" ? stringOf(this.text, node) : raw;
        const kind = node.type === "word" ? (raw === "null" ? "null" : "boolean") : node.type;
        const add = path.length > 0 ? () => this.onvalue(path, value) : undefined;
        const shown = h(
            "span",
            {
                class: `json-value json-${kind}${add ? " filters" : ""}`,
                title: add ? "Add to the filter" : null,
                onclick: add,
            },
            node.type === "string" ? `"${visible(value)}"` : raw,
        );
        const line = h("div", { class: "json-line", role: "treeitem", tabindex: "-1" }, key, shown);
        if (add) {
            line.addEventListener("keydown", (event) => {
                if (event.key === "Enter") add();
            });
        }
        return line;
    }

    /**
     * @param {JsonNode} node
     * @param {HTMLElement|null} key
     * @param {string[]} path
     * @param {{lines: number}} budget
     */
    branch(node, key, path, budget) {
        const members = node.members ?? [];
        const [open, close] = node.type === "object" ? ["{", "}"] : ["[", "]"];
        const size = plural(members.length, node.type === "object" ? "member" : "item");
        const line = h(
            "div",
            { class: "json-line json-branch", role: "treeitem", tabindex: "-1", "aria-expanded": "false" },
            key,
            h("span", { class: "json-mark" }, open),
            h("span", { class: "json-size" }, members.length === 0 ? "" : ` ${size} `),
            h("span", { class: "json-mark json-close" }, close),
        );
        const group = h("div", { class: "json-group", role: "group", hidden: true });
        if (members.length === 0) {
            line.removeAttribute("aria-expanded");
            return line;
        }
        const set = (/** @type {boolean} */ expanded, inner = { lines: 0 }) => {
            line.setAttribute("aria-expanded", String(expanded));
            group.hidden = !expanded;
            if (expanded && !group.hasChildNodes()) this.extend(group, node, path, 0, inner);
        };
        line.addEventListener("click", () => set(group.hidden));
        line.addEventListener("json-set", (event) => set(/** @type {CustomEvent} */ (event).detail));
        if (path.length === 0 || budget.lines >= members.length) {
            budget.lines -= Math.min(members.length, membersAtOnce);
            set(true, budget);
        }
        return h(
            "div",
            { class: "json-item", role: "none" },
            line,
            group,
            h("div", { class: "json-end", "aria-hidden": "true" }, close),
        );
    }

    /**
     * @param {HTMLElement} group
     * @param {JsonNode} node
     * @param {string[]} path
     * @param {number} from
     * @param {{lines: number}} budget
     */
    extend(group, node, path, from, budget) {
        const members = node.members ?? [];
        const to = Math.min(members.length, from + membersAtOnce);
        for (const member of members.slice(from, to))
            group.append(this.item(member, [...path, member.key], budget, node.type === "array"));
        if (to === members.length) return;
        const more = h(
            "button",
            {
                type: "button",
                class: "more",
                onclick: () => {
                    more.remove();
                    this.extend(group, node, path, to, { lines: 0 });
                },
            },
            `Show ${Math.min(membersAtOnce, members.length - to)} more of ${members.length - to}`,
        );
        group.append(more);
    }
}

/** Without the joiners U+200C and U+200D between others than ASCII: Persian words and some emoji are made with them. */
const hiddenCharacters =
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|(?<![^\0-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\0-\x7f])/gu;

/**
 * Control characters as their escapes, so that none is invisible.
 * @param {string} value
 */
function visible(value) {
    return value.replace(hiddenCharacters, (c) => {
        if (c === "\n") return "\\n";
        if (c === "\r") return "\\r";
        if (c === "\t") return "\\t";
        return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
}

/**
 * @param {HTMLElement} tree
 * @param {KeyboardEvent} event
 */
function walk(tree, event) {
    const line = /** @type {HTMLElement} */ (event.target);
    if (!line.classList.contains("json-line")) return;
    const lines = /** @type {HTMLElement[]} */ (
        [...tree.querySelectorAll(".json-line")].filter((other) => other.getClientRects().length > 0)
    );
    const index = lines.indexOf(line);
    const expanded = line.getAttribute("aria-expanded");
    /** @type {HTMLElement|undefined} */
    let target;
    if (event.key === "ArrowDown") target = lines[index + 1];
    else if (event.key === "ArrowUp") target = lines[index - 1];
    else if (event.key === "Home") target = lines[0];
    else if (event.key === "End") target = lines.at(-1);
    else if (event.key === "ArrowRight" && expanded === "true") target = lines[index + 1];
    else if (event.key === "ArrowLeft" && expanded !== "true") target = parentLine(line);
    else if (event.key === "ArrowRight" && expanded === "false") setExpanded(line, true);
    else if (event.key === "ArrowLeft" || (event.key === "Enter" && expanded)) setExpanded(line, expanded === "false");
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (!target) return;
    line.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
}

/** @param {HTMLElement} line */
function parentLine(line) {
    const group = line.closest(".json-group");
    return /** @type {HTMLElement|undefined} */ (group?.previousElementSibling ?? undefined);
}

/**
 * @param {HTMLElement} line
 * @param {boolean} expanded
 */
function setExpanded(line, expanded) {
    line.dispatchEvent(new CustomEvent("json-set", { detail: expanded }));
}
