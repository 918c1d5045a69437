/** Numbers, lengths and times as people read them. */

/** @param {number|null|undefined} us microseconds */
export function duration(us) {
    if (us === null || us === undefined) return "–";
    if (us < 1000) return `${us} µs`;
    if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`;
    if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
    if (us < 60_000_000) return `${(us / 1_000_000).toFixed(us < 10_000_000 ? 2 : 1)} s`;
    const seconds = Math.round(us / 1_000_000);
    return `${Math.floor(seconds / 60)} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`;
}

/** @param {number} length bytes */
export function bytes(length) {
    if (length < 1000) return `${length} B`;
    const units = ["kB", "MB", "GB", "TB"];
    let value = length / 1000;
    let unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number} value */
export const count = (value) => value.toLocaleString("en").replaceAll(",", "\u202f");

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** @param {string} time */
export const clock = (time) => clockFormat.format(new Date(time));

/**
 * The time of day, with the date where it is not today's.
 * @param {string} time
 */
export function when(time) {
    const date = new Date(time);
    const today = date.toDateString() === new Date().toDateString();
    return today ? clockFormat.format(date) : `${dayFormat.format(date)}, ${clockFormat.format(date)}`;
}

/**
 * @param {string} time
 * @returns {string} date and time with all its digits, in local time
 */
export function exactTime(time) {
    const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
    const date = new Date(time);
    return `${dayFormat.format(date)} ${date.getFullYear()}, ${clock(time)}${fraction && `.${fraction}`}`;
}

/**
 * @param {number} n
 * @param {string} one
 */
export const plural = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

/** @param {string} code such as local-refused or client_ended */
export const words = (code) => code.replace(/[-_]/g, " ");

/**
 * @param {string} target
 * @returns {[string, string]} path, and query with its question mark
 */
export function splitTarget(target) {
    const mark = target.indexOf("?");
    return mark < 0 ? [target, ""] : [target.slice(0, mark), target.slice(mark)];
}

/** @param {string} base64 */
export function bytesOfBase64(base64) {
    const text = atob(base64);
    const result = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) result[i] = text.charCodeAt(i);
    return result;
}

/** @param {Uint8Array} data */
export function base64OfBytes(data) {
    let text = "";
    const step = 0x8000;
    for (let i = 0; i < data.length; i += step) text += String.fromCharCode(...data.subarray(i, i + step));
    return btoa(text);
}

/**
 * UTF-8 where the bytes are that, else one character a byte.
 * @param {Uint8Array} data
 */
export function textOfBytes(data) {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    } catch {
        return [...data].map((byte) => String.fromCharCode(byte)).join("");
    }
}
