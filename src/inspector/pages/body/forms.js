/** The two forms of a form: urlencoded pairs, and multipart with its parts. */

/**
 * The pairs of a query or an urlencoded body, in order and with repetitions.
 * @param {string} text
 * @returns {[string, string][]}
 */
export function formPairs(text) {
    if (text === "") return [];
    return text.split("&").map((pair) => {
        const mark = pair.indexOf("=");
        if (mark < 0) return [decoded(pair), ""];
        return [decoded(pair.slice(0, mark)), decoded(pair.slice(mark + 1))];
    });
}

/** @param {string} text */
function decoded(text) {
    const spaced = text.replaceAll("+", " ");
    try {
        return decodeURIComponent(spaced);
    } catch {
        return spaced;
    }
}

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string|null} filename
 * @property {string|null} type
 * @property {Uint8Array} content
 */

/** More parts than a form has; a body of delimiters must not build a table without end. */
const maxParts = 500;

/**
 * @param {Uint8Array} body
 * @param {string} mediaType with its boundary
 * @returns {Part[]|null} null where the body is not multipart after all
 */
export function multipartParts(body, mediaType) {
    const boundary = parameter(mediaType, "boundary");
    if (!boundary) return null;
    const delimiter = latin1(`--${boundary}`);
    const parts = [];
    let at = find(body, delimiter, 0);
    if (at < 0) return null;
    while (parts.length < maxParts) {
        const lineEnd = find(body, latin1("\r\n"), at + delimiter.length);
        if (lineEnd < 0 || startsWith(body, latin1("--"), at + delimiter.length)) break;
        const next = find(body, delimiter, lineEnd);
        const end = next < 0 ? body.length : next - 2;
        parts.push(partOf(body.subarray(lineEnd + 2, Math.max(end, lineEnd + 2))));
        if (next < 0) break;
        at = next;
    }
    return parts;
}

/** @param {Uint8Array} bytes */
function partOf(bytes) {
    const blank = find(bytes, latin1("\r\n\r\n"), 0);
    const head = blank < 0 ? "" : new TextDecoder().decode(bytes.subarray(0, blank));
    const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? "";
    return {
        name: parameter(disposition, "name") ?? "",
        filename: parameter(disposition, "filename"),
        type: /^content-type:[ \t]*(.*?)[ \t\r]*$/im.exec(head)?.[1] ?? null,
        content: blank < 0 ? bytes : bytes.subarray(blank + 4),
    };
}

/**
 * @param {string} value of a field
 * @param {string} name
 */
function parameter(value, name) {
    const found = new RegExp(`(?:^|;)[ \\t]*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i").exec(value);
    if (!found) return null;
    return found[1] !== undefined ? found[1].replace(/\\(.)/g, "$1") : found[2];
}

/** @param {string} text */
const latin1 = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/**
 * @param {Uint8Array} bytes
 * @param {Uint8Array} wanted
 * @param {number} at
 */
function startsWith(bytes, wanted, at) {
    return wanted.every((byte, i) => bytes[at + i] === byte);
}

/**
 * @param {Uint8Array} bytes
 * @param {Uint8Array} wanted
 * @param {number} from
 */
function find(bytes, wanted, from) {
    for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
        if (startsWith(bytes, wanted, at)) return at;
    }
    return -1;
}
