/**
 * Blanks and line breaks of JSON, which carry no meaning. The text of a value is never touched: digits, escapes, repeated
 * members and their order stay as they are.
 */

import { parseJson } from "./json_parser.js";

/**
 * @typedef {object} Token a bracket, comma, colon, string, number or word
 * @property {string} before the blanks in front of it
 * @property {string} text
 */

const oneToken = /([ \t\r\n]*)("(?:[^"\\]|\\[^])*"|[{}[\],:]|[^ \t\r\n{}[\],:"]+)/g;
const indent = "  ";

/** Pairs of tokens that are compared to find which ones were kept; beyond it, what is between the changes is compact. */
const comparedPairs = 4_000_000;

/** @param {string} text */
export function isJson(text) {
    try {
        parseJson(text);
        return true;
    } catch {
        return false;
    }
}

/**
 * @param {string} json
 * @returns {Token[]}
 */
const tokensOf = (json) => [...json.matchAll(oneToken)].map(([, before, text]) => ({ before, text }));

/** @param {string} json */
export function indented(json) {
    const tokens = tokensOf(json);
    let depth = 0;
    let text = "";
    tokens.forEach((token, at) => {
        const last = tokens[at - 1]?.text ?? "";
        const opens = last === "{" || last === "[";
        const closes = token.text === "}" || token.text === "]";
        if (closes) depth -= 1;
        if (opens !== closes || last === ",") text += `\n${indent.repeat(depth)}`;
        if (last === ":") text += " ";
        if (token.text === "{" || token.text === "[") depth += 1;
        text += token.text;
    });
    return text;
}

/**
 * The edited JSON with the blanks of the original wherever a token was kept, so that an edit changes nothing beside it.
 *
 * @param {string} original
 * @param {string} edited
 */
export function withLayoutOf(original, edited) {
    const old = tokensOf(original);
    const now = tokensOf(edited);
    const same = (/** @type {number} */ i, /** @type {number} */ j) => old[i].text === now[j].text;
    let start = 0;
    while (start < old.length && start < now.length && same(start, start)) start += 1;
    let oldEnd = old.length;
    let nowEnd = now.length;
    while (oldEnd > start && nowEnd > start && same(oldEnd - 1, nowEnd - 1)) {
        oldEnd -= 1;
        nowEnd -= 1;
    }
    const middle =
        oldEnd - start === nowEnd - start
            ? now.slice(start, nowEnd).map((token, i) => old[start + i].before + token.text)
            : kept(old.slice(start, oldEnd), now.slice(start, nowEnd));
    const whole = (/** @type {Token} */ token) => token.before + token.text;
    const after = original.slice(original.trimEnd().length);
    return [...old.slice(0, start).map(whole), ...middle, ...old.slice(oldEnd).map(whole)].join("") + after;
}

/**
 * @param {Token[]} old
 * @param {Token[]} now
 * @returns {string[]} the new tokens; those that are old ones, or stand in the place of one, with its blanks
 */
function kept(old, now) {
    if (old.length * now.length > comparedPairs) return now.map((token) => token.text);
    // The length of the longest common subsequence of what follows each pair.
    const width = now.length + 1;
    const common = new Uint32Array((old.length + 1) * width);
    for (let i = old.length - 1; i >= 0; i -= 1) {
        for (let j = now.length - 1; j >= 0; j -= 1) {
            const at = i * width + j;
            common[at] =
                old[i].text === now[j].text ? common[at + width + 1] + 1 : Math.max(common[at + width], common[at + 1]);
        }
    }
    const texts = [];
    /** @type {string[]} */
    let blanks = []; // of tokens that are gone, for those in their place
    for (let i = 0, j = 0; j < now.length;) {
        if (i < old.length && old[i].text === now[j].text) {
            texts.push(old[i].before + old[i].text);
            blanks = [];
            i += 1;
            j += 1;
        } else if (i < old.length && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            blanks.push(old[i].before);
            i += 1;
        } else {
            texts.push((blanks.shift() ?? "") + now[j].text);
            j += 1;
        }
    }
    return texts;
}
