/** Puts the page together: place, records, events, list, detail and keys. */

import { ApiError, getStatus, listExchanges } from "./data/api.js";
import { toggledTerm, withTerm, quoted } from "./data/filter_terms.js";
import { LiveEvents } from "./data/live.js";
import { PlaceInUrl } from "./data/place.js";
import { RecordStore } from "./data/record_store.js";
import { Actions } from "./view/actions.js";
import { Chart } from "./view/chart.js";
import { DetailPane, tabs } from "./view/detail.js";
import { fill, h, part } from "./view/dom.js";
import { Facets } from "./view/facets.js";
import { faultsChanged } from "./view/fault_dialog.js";
import { stubChanged } from "./view/stub_dialog.js";
import { FilterBar } from "./view/filter_bar.js";
import { count, duration } from "./view/format.js";
import { Header } from "./view/header.js";
import { listenToKeys, openHelp } from "./view/keys.js";
import { copyMenu, listMenu } from "./view/record_menus.js";
import { RecordList } from "./view/record_list.js";
import { toast, toastError } from "./view/toast.js";
import { openTunnelDialog } from "./view/tunnel_dialog.js";

/** Fills a tall screen; more are loaded as the list is scrolled. */
const firstPage = 100;
const laterPage = 500;

const place = new PlaceInUrl();
const store = new RecordStore();
const actions = new Actions(store, place);
const header = new Header(openTunnelDialog);
const chart = new Chart((from, to) => addTerm(`after:${quoted(from)}`, `before:${quoted(to)}`));
const bar = new FilterBar(
    (q, typed) => load(q, typed),
    () => openHelp(keys),
);
const facets = new Facets(store, (term) => load(toggledTerm(place.current.q, term), false));
const list = new RecordList(store, {
    onopen: (id) => place.go({ id, other: null }),
    onend: () => loadOlder(),
});
const detail = new DetailPane(actions, {
    go: (change) => place.go(change),
    addTerm: (term) => addTerm(term),
    onclose: () => place.go({ id: null, other: null }),
});

/** @type {string|null} the filter of the records that are shown */
let loaded = null;
let loading = new AbortController();
let loadingOlder = false;

/**
 * @param {string} q
 * @param {boolean} typed while it is typed, an incomplete filter is not an error
 */
async function load(q, typed) {
    if (typed && q === loaded) return;
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    try {
        const page = await listExchanges({ q, limit: firstPage }, signal);
        if (signal.aborted) return;
        loaded = q;
        store.next = page.next;
        store.replace(page.items);
        list.toTop();
        performance.mark("list-shown");
        bar.clearError();
        bar.set(q);
        if (q !== place.current.q) place.go({ q }, { trail: !typed });
        facets.setFilter(q);
        chart.setFilter(q);
        live.open(q);
        showCount();
    } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError) || error.code !== "bad_filter") {
            noticeExpiry(error);
            toastError(error);
            if (loaded === null) showNothing(error instanceof Error ? error.message : String(error));
        } else if (!typed) {
            bar.set(q);
            bar.showError(q, error);
        }
    }
}

/** What changed while the page had no event stream. */
async function loadNewest() {
    const { signal } = loading;
    try {
        const page = await listExchanges({ q: loaded ?? "", limit: firstPage }, signal);
        const last = page.items.at(-1);
        // Where more records came than one page holds, those in between are unknown: load the list again.
        if (last && page.next !== null && !store.get(last.id)) store.next = page.next;
        if (last && page.next !== null && !store.get(last.id)) store.replace(page.items);
        else store.put(page.items);
    } catch (error) {
        if (!signal.aborted) toastError(error);
    }
}

async function loadOlder() {
    const before = store.next;
    if (loadingOlder || before === null) return;
    loadingOlder = true;
    const { signal } = loading;
    try {
        const page = await listExchanges({ q: loaded ?? "", before, limit: laterPage }, signal);
        if (signal.aborted) return;
        store.next = page.next;
        store.put(page.items);
    } catch (error) {
        if (!signal.aborted) toastError(error);
    } finally {
        loadingOlder = false;
    }
}

/** @param {unknown} error */
function noticeExpiry(error) {
    if (error instanceof ApiError && error.code === "unauthorized") header.expire();
}

/** @param {...string} terms */
function addTerm(...terms) {
    load(terms.reduce(withTerm, place.current.q), false);
}

const live = new LiveEvents({
    onhello: (resumed) => {
        if (!resumed) loadNewest();
    },
    onexchange: (record) => {
        store.put([record]);
        chart.touch();
    },
    onunmatched: (id) => store.remove([id]),
    onremoved: ({ ids, all }) => {
        const { id } = place.current;
        if (id && (all ? !store.get(id)?.marked : ids?.includes(id))) place.go({ id: null, other: null });
        if (all) load(loaded ?? "", false);
        else store.remove(ids ?? []);
    },
    onstatus: (status) => showStatus(status),
    onwatch: ({ id, result }) => {
        const what = result.error ? result.error.message : `status ${result.status} in ${duration(result.duration_us)}`;
        const other = result.id;
        toast(`Replayed on restart: ${what}.`, {
            tone: result.same_status ? "ok" : "bad",
            action: other
                ? { label: "Compare", run: () => place.go({ id: other, tab: "diff", other: id }) }
                : undefined,
        });
    },
    onconnection: (connected) => {
        const returned = connected && !header.connected;
        header.setConnected(connected);
        // Events say what changes; what changed while there were none, or in another client, is asked for.
        if (returned) getStatus().then(showStatus, toastError);
        if (!connected) getStatus().catch(noticeExpiry);
    },
});

/** @type {import("./data/types.js").Status|null} */
let lastStatus = null;

/** @param {import("./data/types.js").Status} status */
function showStatus(status) {
    lastStatus = status;
    actions.watched = new Set(status.watches);
    header.show(status);
    faultsChanged();
    stubChanged();
    showCount();
}

function showCount() {
    if (loaded === null) return;
    const more = store.next === null ? "" : "+";
    const which = loaded ? " matching" : " in the list";
    part("list-count").textContent = `${count(store.items.length)}${more}${which}`;
    part("list-nothing").hidden = store.items.length > 0;
    if (store.items.length === 0) showEmpty();
}

function showEmpty() {
    if (loaded) {
        const clear = h(
            "button",
            { type: "button", class: "button", onclick: () => load("", false) },
            "Clear the filter",
        );
        fill(
            part("list-nothing"),
            h("p", { class: "nothing-title" }, "Nothing matches"),
            h("p", { class: "muted" }, "New requests that match appear here."),
            clear,
        );
        return;
    }
    const url = lastStatus?.forwarding.public_url;
    fill(
        part("list-nothing"),
        h("p", { class: "nothing-title" }, "Waiting for requests"),
        h("p", { class: "muted" }, "What comes through the tunnel appears here. Try:"),
        url ? h("code", { class: "try" }, `curl ${url}/`) : null,
    );
}

/** @param {string} text */
function showNothing(text) {
    part("list-nothing").hidden = false;
    fill(part("list-nothing"), h("p", { class: "nothing-title" }, text));
}

/** @param {import("./data/place.js").Place} now */
function showPlace(now) {
    document.body.classList.toggle("has-record", now.id !== null);
    list.select(now.id);
    detail.show(now.id, now.id ? store.get(now.id) : undefined, now.tab, now.other);
}

place.onchange((now, before) => {
    if (now.q !== (loaded ?? "")) load(now.q, false);
    if (now.id !== before.id || now.tab !== before.tab || now.other !== before.other) showPlace(now);
});

store.onchange(() => {
    const { id } = place.current;
    if (id) detail.changed(store.get(id));
    showCount();
});

/** @param {number} step */
function move(step) {
    const id = list.neighbour(step);
    if (id) place.go({ id, other: null }, { trail: false });
}

/**
 * @param {(record: import("./data/types.js").Summary) => void} action
 */
const withRecord = (action) => () => {
    const record = detail.record;
    if (record) action(record);
};

/** @type {import("./view/keys.js").Key[]} */
const keys = [
    { keys: ["j"], says: "Next request", run: () => move(1) },
    { keys: ["k"], says: "Previous request", run: () => move(-1) },
    { keys: ["ArrowDown"], says: "Next, in the list", inList: true, run: () => move(1) },
    { keys: ["ArrowUp"], says: "Previous, in the list", inList: true, run: () => move(-1) },
    { keys: ["PageDown"], says: "A screen down, in the list", inList: true, run: () => move(list.rowsInSight()) },
    { keys: ["PageUp"], says: "A screen up, in the list", inList: true, run: () => move(-list.rowsInSight()) },
    { keys: ["g"], says: "Newest request", run: () => moveToNewest() },
    { keys: ["/"], says: "Filter", run: () => bar.focus() },
    { keys: ["r"], says: "Replay", run: withRecord((record) => actions.replay(record.id)) },
    { keys: ["t"], says: "Replay twice at once", run: withRecord((record) => actions.deliverTwice(record.id)) },
    { keys: ["e"], says: "Edit and replay", run: withRecord((record) => actions.edit(record.id)) },
    {
        keys: ["d"],
        says: "Compare with the parent, the newest replay, or the record chosen by D",
        run: withRecord((record) => actions.compare(record.id)),
    },
    { keys: ["D"], says: "Choose for comparison", run: withRecord((record) => actions.setBase(record.id)) },
    { keys: ["c"], says: "Copy as", run: withRecord((record) => copyMenu(actions, part("copy-button"), record.id)) },
    { keys: ["m"], says: "Mark: kept until it is unmarked", run: withRecord((record) => actions.mark(record)) },
    { keys: ["n"], says: "Comment", run: withRecord((record) => actions.comment(record)) },
    { keys: ["w"], says: "Replay on each restart of the app", run: withRecord((record) => actions.watch(record.id)) },
    { keys: ["x"], says: "Delete", run: withRecord((record) => actions.remove(record)) },
    {
        keys: ["1", "2", "3", "4", "5", "6", "7", "8"],
        says: "Tabs",
        run: (event) => {
            const { name } = tabs[Number(event.key) - 1];
            if (!part(`tab-${name}`).hidden) place.go({ tab: name });
        },
    },
    { keys: ["Escape"], says: "Close the record", run: () => place.go({ id: null, other: null }) },
    { keys: ["E"], says: "Expect requests", run: () => actions.expect() },
    { keys: ["s"], says: "Tunnel and history", run: () => lastStatus && openTunnelDialog(lastStatus) },
    { keys: ["?"], says: "This help", run: () => openHelp(keys) },
];

function moveToNewest() {
    const newest = store.items[0];
    if (newest) place.go({ id: newest.id, other: null }, { trail: false });
}

listenToKeys(keys);
part("help").addEventListener("click", () => openHelp(keys));
part("list-menu").addEventListener("click", () => listMenu(actions, part("list-menu")));
part("facets-toggle").addEventListener("click", () => {
    const shown = document.body.classList.toggle("facets-open");
    part("facets-toggle").setAttribute("aria-expanded", String(shown));
});

bar.set(place.current.q);
getStatus().then(showStatus, toastError);
load(place.current.q, false).then(() => {
    if (place.current.id) showPlace(place.current);
});
showPlace(place.current);
