/** Adds terms to a filter and takes them out again. The language itself is parsed by the program alone. */

/** What a filter can ask for, for suggestions and the help. */
export const filterKeys = [
    { key: "status", example: "status:5xx", says: "Status code or class" },
    { key: "method", example: "method:POST", says: "Request method" },
    { key: "path", example: "path:/hooks", says: "Path without the query" },
    { key: "url", example: "url:~invoice", says: "Whole URL" },
    { key: "host", example: "host:app.example.dev", says: "Host" },
    { key: "query", example: "query:page=2", says: "Query of the URL" },
    { key: "dur", example: "dur:>500ms", says: "Duration" },
    { key: "size", example: "size:>10k", says: "Length of the response body" },
    { key: "reqsize", example: "reqsize:>10k", says: "Length of the request body" },
    { key: "ip", example: "ip:203.0.113.7", says: "Address of the caller" },
    { key: "provider", example: "provider:stripe", says: "Sender of a webhook" },
    { key: "event", example: "event:invoice.paid", says: "Name of a webhook's event" },
    { key: "sig", example: "sig:invalid", says: "Verdict on the signature" },
    { key: "is", example: "is:error", says: "error replay duplicate pending marked ws truncated fault held stub live import failed aborted complete" },
    { key: "has", example: "has:x-request-id", says: "Has a header of that name" },
    { key: "header", example: "header.x-request-id=7", says: "Header of either message" },
    { key: "reqheader", example: "reqheader.accept:json", says: "Header of the request" },
    { key: "resheader", example: "resheader.server:nginx", says: "Header of the response" },
    { key: "body", example: "body.data.id=42", says: "JSON value by its path, or text in a body" },
    { key: "reqbody", example: "reqbody:refund", says: "Text in the request body" },
    { key: "resbody", example: "resbody:error", says: "Text in the response body" },
    { key: "id", example: "id:01jdx3v9k2", says: "One record" },
    { key: "parent", example: "parent:01jdx3v9k2", says: "Replays of a record" },
    { key: "delivery", example: "delivery:evt_1", says: "Attempts of one delivery" },
    { key: "since", example: "since:15m", says: "Arrived within an age, or at a time or later" },
    { key: "until", example: "until:2026-11-30T14:00", says: "Arrived before a time (UTC without an offset)" },
    { key: "after", example: "after:2026-11-30", says: "As since" },
    { key: "before", example: "before:2026-12-01", says: "As until" },
    { key: "type", example: "type:json", says: "Media type" },
    { key: "outcome", example: "outcome:local-refused", says: "Why it failed" },
    { key: "comment", example: "comment:refund", says: "Text in a comment" },
];

/**
 * A value as the filter language takes it: bare where nothing in it has a meaning, else quoted.
 * @param {string} value
 */
export function quoted(value) {
    if (/^[\p{L}\p{N}_.@/+-]+$/u.test(value) && !value.startsWith("/") && !value.startsWith("-")) return value;
    if (/^\/[\p{L}\p{N}_.@+-][\p{L}\p{N}_.@/+-]*$/u.test(value)) return value;
    return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

/**
 * A JSON value by its path. What a path cannot name is looked for as text.
 * @param {string[]} path
 * @param {string} value
 */
export function jsonTerm(path, value) {
    if (path.some((step) => !/^[\p{L}\p{N}_.$@/+-]+$/u.test(step))) return `body:${quoted(value)}`;
    const steps = path.map((step, i) => (step.includes(".") ? `[${step}]` : `${i > 0 ? "." : ""}${step}`));
    return `body.${steps.join("")}=${quoted(value)}`;
}

/**
 * The terms that stand side by side: split at spaces outside quotes, parentheses and regular expressions.
 * @param {string} q
 */
export function termsOf(q) {
    const terms = [];
    let term = "";
    let depth = 0;
    let inQuotes = false;
    for (let i = 0; i < q.length; i += 1) {
        const c = q[i];
        if (inQuotes && c === "\\") {
            term += c + (q[i + 1] ?? "");
            i += 1;
            continue;
        }
        if (c === '"') inQuotes = !inQuotes;
        if (!inQuotes && c === "(") depth += 1;
        if (!inQuotes && c === ")") depth -= 1;
        if (c === " " && !inQuotes && depth <= 0) {
            if (term) terms.push(term);
            term = "";
        } else {
            term += c;
        }
    }
    if (term) terms.push(term);
    return terms;
}

/**
 * @param {string} q
 * @param {string} term
 */
export const hasTerm = (q, term) => termsOf(q).includes(term);

/**
 * @param {string} q
 * @param {string} term
 */
export function withTerm(q, term) {
    if (hasTerm(q, term)) return q;
    const alternatives = termsOf(q).includes("OR");
    if (alternatives) return `(${q.trim()}) ${term}`;
    return [...termsOf(q), term].join(" ");
}

/**
 * @param {string} q
 * @param {string} term
 */
export const withoutTerm = (q, term) =>
    termsOf(q)
        .filter((other) => other !== term)
        .join(" ");

/**
 * @param {string} q
 * @param {string} term
 */
export const toggledTerm = (q, term) => (hasTerm(q, term) ? withoutTerm(q, term) : withTerm(q, term));
