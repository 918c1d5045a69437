/** The API, one function a call. Nothing else in the pages makes a request, apart from the event stream in live.js. */

/** @typedef {import("./types.js").Summary} Summary */
/** @typedef {import("./types.js").Side} Side */

const base = "/api/v1";

/** What the inspector says is wrong with a request, or that it cannot be reached. */
export class ApiError extends Error {
    /**
     * @param {string} code
     * @param {string} message
     * @param {number} [position] place in the filter, in code points
     */
    constructor(code, message, position) {
        super(message);
        this.code = code;
        this.position = position;
    }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, file?: Blob, type?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<Response>}
 */
async function call(method, path, options = {}) {
    const { body, file, type, signal } = options;
    /** @type {RequestInit} */
    const init = { method, signal, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined || file) {
        init.headers = { "Content-Type": type ?? "application/json" };
        init.body = file ?? JSON.stringify(body);
    }
    let response;
    try {
        response = (method === "GET" && (await early(base + path))) || (await fetch(base + path, init));
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new ApiError("unreachable", "The inspector cannot be reached: start tunnel-client again.");
    }
    if (response.ok) return response;
    throw await errorOf(response);
}

/**
 * The response to a request that early.js has made; null where it made none, or it failed. Each is taken once.
 * @param {string} path
 */
function early(path) {
    const { begun } = /** @type {{begun?: Map<string, Promise<Response|null>>}} */ (/** @type {unknown} */ (window));
    const response = begun?.get(path) ?? null;
    begun?.delete(path);
    return response;
}

/** @param {Response} response */
async function errorOf(response) {
    if (response.status === 401) {
        return new ApiError("unauthorized", "This page has no valid token: open the URL that tunnel-client shows.");
    }
    try {
        const { error } = await response.json();
        return new ApiError(error.code, error.message, error.position);
    } catch {
        return new ApiError("unknown", `The inspector responded with status ${response.status}.`);
    }
}

/**
 * @param {Record<string, string|number|boolean|null|undefined>} values
 */
function query(values) {
    const pairs = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) {
        if (value !== undefined && value !== null && value !== "") pairs.set(name, String(value));
    }
    const text = pairs.toString();
    return text ? `?${text}` : "";
}

/** @param {string} id */
const exchange = (id) => `/exchanges/${encodeURIComponent(id)}`;

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
const read = async (path, signal) => (await call("GET", path, { signal })).json();

/** @returns {Promise<import("./types.js").Status>} */
export const getStatus = () => read("/status");

/**
 * @param {{q: string, before?: string|null, limit: number}} page
 * @param {AbortSignal} [signal]
 * @returns {Promise<{items: Summary[], next: string|null, searched_back_to?: string|null}>}
 */
export const listExchanges = (page, signal) => read(`/exchanges${query(page)}`, signal);

/**
 * @param {string} id
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").Exchange>}
 */
export const getExchange = (id, signal) => read(exchange(id), signal);

/**
 * @param {string} id
 * @param {Side} side
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").BodyView>}
 */
export const viewBody = (id, side, signal) => read(`${exchange(id)}/${side}/view`, signal);

/**
 * @param {string} id
 * @param {Side} side
 * @param {AbortSignal} [signal]
 */
export async function getBody(id, side, signal) {
    return new Uint8Array(await (await call("GET", `${exchange(id)}/${side}/body`, { signal })).arrayBuffer());
}

/**
 * @param {string} id
 * @param {Side} side
 */
export const bodyUrl = (id, side) => `${base}${exchange(id)}/${side}/body`;

/**
 * @param {string} id
 * @param {{after?: number, limit?: number}} page
 * @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").Message[], next: number|null, dropped: number}>}
 */
export const listMessages = (id, page, signal) => read(`${exchange(id)}/messages${query(page)}`, signal);

/**
 * @param {string} a
 * @param {string|null} b
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").Diff>}
 */
export const diffExchanges = (a, b, signal) => read(`/diff${query({ a, b })}`, signal);

/**
 * @param {{q: string, seconds: number, buckets: number}} range
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").Chart>}
 */
export const getChart = (range, signal) => read(`/chart${query(range)}`, signal);

/**
 * Takes as long as the expectation allows.
 * @param {import("./types.js").Expectation} what
 * @param {AbortSignal} signal
 * @returns {Promise<import("./types.js").WaitResult>}
 */
export function waitForRequests({ kind, q, then, count, seconds, earlier }, signal) {
    const values = {
        q,
        then: kind === "order" ? then.join("\n") : null,
        count: kind === "count" ? count : null,
        none: kind === "none" || null,
        after: earlier ? "start" : null,
        timeout_ms: seconds * 1000,
    };
    return read(`/wait${query(values)}`, signal);
}

/**
 * @param {string} id
 * @param {import("./types.js").ReplayRequest} request
 * @returns {Promise<import("./types.js").ReplayResult[]>}
 */
export async function replayExchange(id, request) {
    return (await (await call("POST", `${exchange(id)}/replay`, { body: request })).json()).items;
}

/**
 * @param {string} q
 * @returns {Promise<import("./types.js").ReplayResult[]>}
 */
export async function replayMatching(q) {
    return (await (await call("POST", "/replay", { body: { q } })).json()).items;
}

/** @param {string} id */
export const watchExchange = (id) => call("POST", `${exchange(id)}/watch`, { body: {} });

/** @param {string} id */
export const unwatchExchange = (id) => call("DELETE", `${exchange(id)}/watch`);

/** @returns {Promise<import("./types.js").Fault[]>} */
export const listFaults = async () => (await read("/faults")).items;

/**
 * @param {string} rule
 * @param {string|null} time such as 10m; null: until it is turned off
 * @returns {Promise<import("./types.js").Fault>}
 */
export const addFault = async (rule, time) => (await call("POST", "/faults", { body: { rule, for: time } })).json();

/** @param {number} id */
export const removeFault = (id) => call("DELETE", `/faults/${id}`);

/** @returns {Promise<import("./types.js").Stub>} */
export const listStub = () => read("/stub");

export const clearFaults = () => call("DELETE", "/faults");

/**
 * @param {string} id
 * @param {{marked?: boolean, comment?: string|null}} change
 * @returns {Promise<Summary>}
 */
export const annotateExchange = async (id, change) => (await call("PATCH", exchange(id), { body: change })).json();

/** @param {string} id */
export const deleteExchange = (id) => call("DELETE", exchange(id));

/**
 * @param {string} q
 * @returns {Promise<number>} how many were deleted
 */
export const clearExchanges = async (q) => {
    let removed = 0;
    let before = "";
    // A filter that takes long to decide is answered for some records at a time.
    do {
        const done = await (await call("DELETE", `/exchanges${query({ q, before })}`)).json();
        removed += done.removed;
        before = done.next ?? "";
    } while (before);
    return removed;
};

/**
 * @param {string} id
 * @param {import("./types.js").Format} format
 * @param {boolean} secrets
 */
export async function exportText(id, format, secrets) {
    return (await call("GET", `${exchange(id)}/export${query({ format, include_secrets: secrets || null })}`)).text();
}

/**
 * @param {string} id
 * @param {import("./types.js").Format} format
 */
export const exportUrl = (id, format) => `${base}${exchange(id)}/export${query({ format })}`;

/**
 * @param {string} q
 * @param {import("./types.js").Format} format
 */
export const exportMatchingUrl = (q, format) => `${base}/export${query({ format, q })}`;

/**
 * @param {File} file
 * @returns {Promise<{imported: number, skipped: {index: number, reason: string}[]}>}
 */
export async function importFile(file) {
    const type = /\.(ndjson|jsonl)$/i.test(file.name) ? "application/x-ndjson" : "application/json";
    return (await call("POST", "/import", { file, type })).json();
}
