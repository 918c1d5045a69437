/** Text with numbered lines, and with a mark where something is wrong with it. */

import { h } from "../view/dom.js";
import { bytes } from "../view/format.js";

/** What one click shows: a browser lays out so much text without a pause. */
const charactersAtOnce = 100_000;
/** So many lines are elements of their own, which wrap beside their numbers; a list of more would be laid out slowly. */
const wrappedLinesAtMost = 2000;

/**
 * @param {string} text
 * @param {{offset: number, message: string}|null} [fault]
 */
export function textView(text, fault) {
    const box = h("div", { class: "text", tabindex: "0", role: "group", "aria-label": "Text" });
    extend(box, text, 0, 1, fault ?? null);
    if (fault) showMarkOnceLaidOut(box);
    return box;
}

/**
 * JSON without line breaks has its fault far to the right.
 * @param {HTMLElement} box
 */
function showMarkOnceLaidOut(box) {
    new ResizeObserver((_, observer) => {
        observer.disconnect();
        const mark = box.querySelector("mark");
        if (!mark) return;
        const beyond = mark.getBoundingClientRect().right - box.getBoundingClientRect().right;
        if (beyond > -8) box.scrollLeft += beyond + box.clientWidth / 2;
    }).observe(box);
}

/**
 * @param {HTMLElement} box
 * @param {string} text
 * @param {number} from
 * @param {number} firstLine
 * @param {{offset: number, message: string}|null} fault
 */
function extend(box, text, from, firstLine, fault) {
    const to = endOfBlock(text, from);
    const shown = text.slice(from, to);
    const lines = shown.split("\n");
    if (to < text.length && lines.at(-1) === "") lines.pop();
    box.append(
        lines.length <= wrappedLinesAtMost
            ? wrappedLines(shown, fault, from, firstLine)
            : numberedLines(shown, fault, from, firstLine, lines.length),
    );
    if (to === text.length) return;
    const more = h(
        "button",
        {
            type: "button",
            class: "more",
            onclick: () => {
                more.remove();
                extend(box, text, to, firstLine + lines.length, fault);
            },
        },
        `Show more of ${bytes(text.length - to)}`,
    );
    box.append(more);
}

/**
 * After the last whole line that fits, or inside a line that is longer than a block.
 * @param {string} text
 * @param {number} from
 */
function endOfBlock(text, from) {
    const to = from + charactersAtOnce;
    if (to >= text.length) return text.length;
    const afterLine = text.lastIndexOf("\n", to) + 1;
    return afterLine > from ? afterLine : to;
}

/**
 * Each line with its number before it, which is drawn and so is not copied.
 * @param {string} text
 * @param {{offset: number, message: string}|null} fault
 * @param {number} from
 * @param {number} firstLine
 */
function wrappedLines(text, fault, from, firstLine) {
    const code = h("pre", { class: "code wrapped" });
    code.style.setProperty("--first-line", String(firstLine - 1));
    const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [""];
    code.style.setProperty("--digits", `${String(firstLine + lines.length - 1).length}ch`);
    let at = from;
    for (const line of lines) {
        const isLast = at + line.length === from + text.length;
        code.append(h("span", { class: "line" }, ...marked(line, fault, at, isLast)));
        at += line.length;
    }
    return h("div", { class: "text-block" }, code);
}

/**
 * @param {string} text
 * @param {{offset: number, message: string}|null} fault
 * @param {number} from
 * @param {number} firstLine
 * @param {number} count
 */
function numberedLines(text, fault, from, firstLine, count) {
    const numbers = Array.from({ length: count }, (_, i) => firstLine + i).join("\n");
    return h(
        "div",
        { class: "text-block" },
        h("pre", { class: "line-numbers", "aria-hidden": "true" }, numbers),
        h("pre", { class: "code" }, ...marked(text, fault, from, true)),
    );
}

/**
 * @param {string} text
 * @param {{offset: number, message: string}|null} fault
 * @param {number} from
 * @param {boolean} isLast whether a fault at the end of the text is in it
 * @returns {(string|Node)[]}
 */
function marked(text, fault, from, isLast) {
    const end = from + text.length;
    if (!fault || fault.offset < from || fault.offset > end || (fault.offset === end && !isLast)) return [text];
    const at = fault.offset - from;
    const character = text.slice(at, at + 1);
    const shown = character === "" || character === "\n" ? "⏎" : character;
    return [
        text.slice(0, at),
        h("mark", { class: "fault", title: fault.message }, shown),
        character === "\n" ? "\n" : "",
        text.slice(at + 1),
    ];
}
