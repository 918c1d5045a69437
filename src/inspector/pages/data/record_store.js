/** The records that match the filter and are loaded, newest first. Changes are announced once a frame. */

/** @typedef {import("./types.js").Summary} Summary */

/**
 * Twice the history's default bound. A page that stays open for days forgets its oldest records beyond this; they are
 * loaded again when the list is scrolled to them.
 */
const mostRecords = 20_000;

/**
 * Ids grow with the time of arrival; a longer one is the newer one.
 * @param {string} a
 * @param {string} b
 */
export function compareIds(a, b) {
    if (a.length !== b.length) return a.length - b.length;
    return a < b ? -1 : a > b ? 1 : 0;
}

export class RecordStore {
    constructor() {
        /** @type {Summary[]} newest first */
        this.items = [];
        /** @type {Map<string, Summary>} */
        this.byId = new Map();
        /** @type {string|null} where the next older page begins; null at the end of the history */
        this.next = null;
        /** @type {(() => void)[]} */
        this.listeners = [];
        this.announced = false;
    }

    /** @param {() => void} listener */
    onchange(listener) {
        this.listeners.push(listener);
    }

    /** @param {string} id */
    get(id) {
        return this.byId.get(id);
    }

    /**
     * The index of a record, or where it would stand.
     * @param {string} id
     */
    indexOf(id) {
        let low = 0;
        let high = this.items.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (compareIds(this.items[middle].id, id) > 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /** @param {Summary[]} records */
    put(records) {
        /** @type {Summary[]} */
        const fresh = [];
        for (const record of records) {
            if (this.byId.has(record.id)) this.items[this.indexOf(record.id)] = record;
            else fresh.push(record);
            this.byId.set(record.id, record);
        }
        this.insert(fresh);
        this.announce();
    }

    /** @param {Summary[]} fresh */
    insert(fresh) {
        if (fresh.length === 0) return;
        fresh.sort((a, b) => compareIds(b.id, a.id));
        const oldest = this.items.at(-1);
        if (!oldest || compareIds(fresh[0].id, oldest.id) < 0) {
            this.items = this.items.concat(fresh);
            return;
        }
        if (fresh.length === 1) this.items.splice(this.indexOf(fresh[0].id), 0, fresh[0]);
        else this.items = this.items.concat(fresh).sort((a, b) => compareIds(b.id, a.id));
        this.forgetOldest();
    }

    forgetOldest() {
        if (this.items.length <= mostRecords) return;
        for (const record of this.items.splice(mostRecords)) this.byId.delete(record.id);
        this.next = this.items[mostRecords - 1].id;
    }

    /** @param {string[]} ids */
    remove(ids) {
        const gone = new Set(ids.filter((id) => this.byId.delete(id)));
        if (gone.size === 0) return;
        this.items = this.items.filter((record) => !gone.has(record.id));
        this.announce();
    }

    /** @param {Summary[]} records the only ones from now on */
    replace(records) {
        this.items = [];
        this.byId.clear();
        this.put(records);
    }

    announce() {
        if (this.announced) return;
        this.announced = true;
        requestAnimationFrame(() => {
            this.announced = false;
            for (const listener of this.listeners) listener();
        });
    }
}
