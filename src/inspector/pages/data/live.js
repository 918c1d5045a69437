/** The event stream: one for the current filter, opened again when the filter changes or the inspector restarts. */

/**
 * @typedef {object} LiveHandlers
 * @property {(resumed: boolean) => void} onhello where `resumed` is false the list must be loaded after this
 * @property {(record: import("./types.js").Summary) => void} onexchange
 * @property {(id: string) => void} onunmatched
 * @property {(what: {ids?: string[], all?: boolean}) => void} onremoved
 * @property {(status: import("./types.js").Status) => void} onstatus
 * @property {(what: {id: string, result: import("./types.js").ReplayResult}) => void} onwatch
 * @property {(connected: boolean) => void} onconnection
 */

const firstRetryMs = 500;
const lastRetryMs = 5000;

export class LiveEvents {
    /** @param {LiveHandlers} handlers */
    constructor(handlers) {
        this.handlers = handlers;
        this.q = "";
        this.retryMs = firstRetryMs;
        /** @type {EventSource|null} */
        this.source = null;
        /** @type {number|undefined} */
        this.timer = undefined;
    }

    /** @param {string} q a filter that the API has accepted */
    open(q) {
        this.q = q;
        this.source?.close();
        clearTimeout(this.timer);
        const source = new EventSource(`/api/v1/events${q ? `?q=${encodeURIComponent(q)}` : ""}`);
        this.source = source;
        this.listen(source);
        source.onerror = () => {
            this.handlers.onconnection(false);
            // The browser reconnects by itself unless the response was an error; then the stream is closed for good.
            if (source.readyState === EventSource.CLOSED && source === this.source) this.retry();
        };
    }

    retry() {
        this.timer = setTimeout(() => this.open(this.q), this.retryMs);
        this.retryMs = Math.min(this.retryMs * 2, lastRetryMs);
    }

    /** @param {EventSource} source */
    listen(source) {
        const handlers = this.handlers;
        /** @type {Record<string, (data: any) => void>} */
        const table = {
            hello: (data) => {
                this.retryMs = firstRetryMs;
                handlers.onconnection(true);
                handlers.onhello(data.resumed);
            },
            reset: () => handlers.onhello(false),
            exchange: handlers.onexchange,
            unmatched: (data) => handlers.onunmatched(data.id),
            removed: handlers.onremoved,
            status: handlers.onstatus,
            watch: handlers.onwatch,
        };
        for (const [name, handle] of Object.entries(table)) {
            source.addEventListener(name, (event) => {
                if (source === this.source) handle(JSON.parse(/** @type {MessageEvent} */ (event).data));
            });
        }
    }
}
