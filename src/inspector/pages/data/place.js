/** What is shown, kept in the URL: a link or a reload leads to the same filter, record and tab. */

/**
 * @typedef {object} Place
 * @property {string} q filter
 * @property {string|null} id selected record
 * @property {string} tab of the detail
 * @property {string|null} other record that the selected one is compared with
 */

/** @type {Place} */
const nowhere = { q: "", id: null, tab: "summary", other: null };

/** @returns {Place} */
function fromUrl() {
    const values = new URLSearchParams(location.search);
    return {
        q: values.get("q") ?? "",
        id: values.get("id"),
        tab: values.get("tab") ?? nowhere.tab,
        other: values.get("with"),
    };
}

/** @param {Place} place */
function toUrl(place) {
    const values = new URLSearchParams();
    if (place.q) values.set("q", place.q);
    if (place.id) values.set("id", place.id);
    if (place.tab !== nowhere.tab) values.set("tab", place.tab);
    if (place.other) values.set("with", place.other);
    const text = values.toString();
    return location.pathname + (text ? `?${text}` : "");
}

export class PlaceInUrl {
    constructor() {
        this.current = fromUrl();
        /** @type {((now: Place, before: Place) => void)[]} */
        this.listeners = [];
        addEventListener("popstate", () => this.become(fromUrl()));
    }

    /** @param {(now: Place, before: Place) => void} listener */
    onchange(listener) {
        this.listeners.push(listener);
    }

    /**
     * @param {Partial<Place>} change
     * @param {{trail?: boolean}} [options] `trail: false` leaves nothing to go back to
     */
    go(change, options = {}) {
        const { trail = true } = options;
        const before = this.current;
        const now = { ...before, ...change };
        // Moving along the list leaves no trail; opening a record or another filter can be gone back from.
        const step = trail && (now.q !== before.q || (before.id === null && now.id !== null));
        history[step ? "pushState" : "replaceState"](null, "", toUrl(now));
        this.become(now);
    }

    /** @param {Place} now */
    become(now) {
        const before = this.current;
        this.current = now;
        for (const listener of this.listeners) listener(now, before);
    }
}
