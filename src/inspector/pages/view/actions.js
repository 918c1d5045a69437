/** What can be done with records. Buttons, menus and keys all come here. */

import * as api from "../data/api.js";
import { copyText } from "./clipboard.js";
import { h } from "./dom.js";
import { askText, confirm } from "./dialog.js";
import { openEditDialog } from "./edit_dialog.js";
import { openExpect } from "./expect_dialog.js";
import { duration, plural } from "./format.js";
import { toast, toastError } from "./toast.js";

/** @typedef {import("../data/types.js").Summary} Summary */
/** @typedef {import("../data/types.js").ReplayResult} ReplayResult */
/** @typedef {import("../data/types.js").Format} Format */

/**
 * @param {ReplayResult[]} results
 * @param {(result: ReplayResult) => boolean} fits
 */
const countOf = (results, fits) => results.filter(fits).length;

/** @param {ReplayResult} result */
function sameness({ same_status, same_body }) {
    if (!same_status) return "another status";
    if (same_body === null) return "same status, a body of the same length";
    return same_body ? "the same response" : "same status, another body";
}

export class Actions {
    /**
     * @param {import("../data/record_store.js").RecordStore} store
     * @param {import("../data/place.js").PlaceInUrl} place
     */
    constructor(store, place) {
        this.store = store;
        this.place = place;
        /** @type {string|null} the record that the next `d` compares with */
        this.base = null;
        /** @type {Set<string>} */
        this.watched = new Set();
    }

    /** @param {string} id */
    async replay(id) {
        try {
            this.replayed(await api.replayExchange(id, {}));
        } catch (error) {
            toastError(error);
        }
    }

    /**
     * With a fresh timestamp and the signature that goes with it.
     * @param {string} id
     */
    async replaySigned(id) {
        try {
            this.replayed(await api.replayExchange(id, { resign: true }));
        } catch (error) {
            toastError(error);
        }
    }

    /**
     * Two replays at the same time: an app that is idempotent does the work once.
     * @param {string} id
     */
    async deliverTwice(id) {
        try {
            this.replayed(await api.replayExchange(id, { times: 2, concurrency: 2 }));
        } catch (error) {
            toastError(error);
        }
    }

    /** @param {ReplayResult[]} results */
    replayed(results) {
        const last = results.at(-1);
        if (!last) return;
        const { id, error } = last;
        if (results.length > 1) {
            toast(
                `Replayed ${plural(results.length, "time")}: ${countOf(results, (one) => one.same_status)} with the same status.`,
            );
        } else if (error) {
            toast(error.message, { tone: "bad" });
        } else if (last.resign_proposed && (last.status ?? 0) >= 400) {
            toast(`Replayed: ${last.status}. The signature is too old by now.`, {
                tone: "bad",
                action: { label: "Sign again", run: () => this.replaySigned(last.parent) },
            });
        } else {
            toast(`Replayed: ${last.status} in ${duration(last.duration_us)}, ${sameness(last)}.`, {
                tone: (last.status ?? 500) < 400 ? "ok" : "bad",
                action: id
                    ? { label: "Compare", run: () => this.place.go({ id, tab: "diff", other: last.parent }) }
                    : undefined,
            });
        }
        if (id) this.place.go({ id, other: null });
    }

    /** @param {string} id */
    async edit(id) {
        try {
            await openEditDialog(await api.getExchange(id), (results) => this.replayed(results));
        } catch (error) {
            toastError(error);
        }
    }

    /** @param {string} id */
    setBase(id) {
        this.base = id;
        const record = this.store.get(id);
        toast(
            `Now choose the record to compare ${record ? `${record.method} ${record.target}` : id} with, and press d.`,
        );
    }

    /** @param {string} id */
    compare(id) {
        const other = this.base !== null && this.base !== id ? this.base : null;
        this.base = null;
        this.place.go({ tab: "diff", other });
    }

    /** @param {Pick<Summary, "id"|"marked">} record */
    async mark(record) {
        await this.annotate(record.id, { marked: !record.marked });
    }

    /** @param {Pick<Summary, "id"|"comment">} record */
    async comment(record) {
        const text = await askText("Comment", "Comment", record.comment ?? "");
        if (text !== null) await this.annotate(record.id, { comment: text.trim() || null });
    }

    /**
     * @param {string} id
     * @param {{marked?: boolean, comment?: string|null}} change
     */
    async annotate(id, change) {
        try {
            this.store.put([await api.annotateExchange(id, change)]);
        } catch (error) {
            toastError(error);
        }
    }

    /** @param {Summary} record */
    async remove(record) {
        if (
            record.marked &&
            !(await confirm("Delete a marked record?", `${record.method} ${record.target} is marked.`, "Delete"))
        )
            return;
        try {
            const index = this.store.indexOf(record.id);
            const next = this.store.items[index + 1] ?? this.store.items[index - 1];
            await api.deleteExchange(record.id);
            this.store.remove([record.id]);
            this.place.go({ id: next?.id ?? null, other: null });
        } catch (error) {
            toastError(error);
        }
    }

    async clear() {
        const { q } = this.place.current;
        const what = q ? `All records that match ${q}` : "All records";
        if (
            !(await confirm(
                "Delete records?",
                `${what} are deleted; marked ones stay. This cannot be undone.`,
                "Delete",
            ))
        )
            return;
        try {
            const removed = await api.clearExchanges(q);
            toast(`${plural(removed, "record")} deleted.`);
        } catch (error) {
            toastError(error);
        }
    }

    async replayMatching() {
        const { q } = this.place.current;
        const what = q ? `All requests that match ${q}` : "All requests in the history";
        if (
            !(await confirm(
                "Replay requests?",
                `${what} are sent to the local app again, in order of arrival.`,
                "Replay",
                "primary",
            ))
        )
            return;
        try {
            const results = await api.replayMatching(q);
            const good = countOf(results, (one) => one.status !== null && one.status < 400);
            toast(`${plural(results.length, "request")} replayed: ${good} succeeded.`, {
                tone: good === results.length ? "ok" : "bad",
            });
        } catch (error) {
            toastError(error);
        }
    }

    /** Waits for requests that match the filter of the list, or another. */
    expect() {
        openExpect(this.place.current.q, (id) => this.place.go({ id, other: null }));
    }

    /** @param {string} id */
    async watch(id) {
        try {
            if (this.watched.has(id)) await api.unwatchExchange(id);
            else await api.watchExchange(id);
            toast(
                this.watched.has(id)
                    ? "No longer watched."
                    : "Watched: replayed each time the local app is back after a restart.",
            );
        } catch (error) {
            toastError(error);
        }
    }

    /**
     * @param {string} id
     * @param {Format} format
     * @param {boolean} secrets
     */
    async copyAs(id, format, secrets) {
        try {
            await copyText(await api.exportText(id, format, secrets));
            toast(secrets ? "Copied, with its secrets." : "Copied. Secrets are left out.", { tone: "ok" });
        } catch (error) {
            toastError(error);
        }
    }

    importFile() {
        const input = h("input", { type: "file", accept: ".har,.json,.ndjson,.jsonl" });
        input.addEventListener("change", async () => {
            const file = input.files?.[0];
            if (!file) return;
            try {
                const { imported, skipped } = await api.importFile(file);
                const lost = skipped.length > 0 ? ` ${skipped.length} were skipped: ${skipped[0].reason}.` : "";
                toast(`${plural(imported, "record")} imported.${lost}`, { tone: lost ? "bad" : "ok" });
            } catch (error) {
                toastError(error);
            }
        });
        input.click();
    }
}
