/**
 * Asks for what the page shows first before its modules are there, so that the history is read meanwhile. Runs before
 * they do, therefore not a module; api.js takes the responses.
 */
(() => {
    const q = new URLSearchParams(location.search).get("q");
    const list = new URLSearchParams(q ? { q, limit: "100" } : { limit: "100" });
    const begin = (/** @type {string} */ path) =>
        fetch(path, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    /** @type {Map<string, Promise<Response|null>>} */
    const begun = new Map();
    for (const path of [`/api/v1/exchanges?${list}`, "/api/v1/status"]) begun.set(path, begin(path));
    Object.assign(window, { begun });
})();
