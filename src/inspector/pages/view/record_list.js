/**
 * The list of records. Only the rows in sight exist; the selected one keeps its place on the screen while new ones
 * arrive above it, and so does what is in sight once the list is scrolled.
 */

import { h, part } from "./dom.js";
import { icon } from "./icons.js";
import { plural } from "./format.js";
import { RecordRow } from "./record_row.js";

/** Rows kept beyond each edge, so that a fast scroll shows rows and not gaps. */
const overscan = 8;

export class RecordList {
    /**
     * @param {import("../data/record_store.js").RecordStore} store
     * @param {{onopen: (id: string) => void, onend: () => void}} handlers
     */
    constructor(store, handlers) {
        this.store = store;
        this.handlers = handlers;
        this.box = part("list");
        this.sheet = part("list-sheet");
        this.fresh = part("list-fresh");
        this.freshText = h("span");
        this.fresh.append(icon("up"), this.freshText);
        this.rowHeight = 0;
        /** @type {string|null} */
        this.selected = null;
        /** @type {Map<string, RecordRow>} */
        this.rows = new Map();
        /** @type {RecordRow[]} */
        this.spare = [];
        /** @type {{id: string, offset: number}|null} what stays where it is when records arrive */
        this.anchor = null;
        this.unseen = 0;
        this.length = 0;
        this.top = 0;
        this.listen();
    }

    listen() {
        this.store.onchange(() => this.changed());
        this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
        new ResizeObserver(() => {
            this.rowHeight = 0;
            this.render();
        }).observe(this.box);
        this.sheet.addEventListener("click", (event) => {
            const row = /** @type {Element} */ (event.target).closest(".row");
            if (row) this.handlers.onopen(row.id.slice("record-".length));
        });
        this.fresh.addEventListener("click", () => this.toTop());
    }

    scrolled() {
        const moved = this.box.scrollTop - this.top;
        this.top = this.box.scrollTop;
        if (!this.store.announced) {
            this.render();
            return;
        }
        // The records have changed and changed() follows in this frame: until then rows and records do not agree.
        if (this.anchor) this.anchor.offset -= moved;
    }

    toTop() {
        this.anchor = null;
        this.box.scrollTop = 0;
        this.render();
    }

    /** @param {string|null} id */
    select(id) {
        if (this.store.announced) this.changed();
        this.selected = id;
        if (id && this.store.get(id)) this.bringIntoView(id);
        this.render();
    }

    /**
     * @param {number} step
     * @returns {string|null} the record that many rows further down
     */
    neighbour(step) {
        const items = this.store.items;
        if (items.length === 0) return null;
        if (!this.selected) return items[step > 0 ? 0 : items.length - 1].id;
        const index = this.store.indexOf(this.selected);
        const here = items[index]?.id === this.selected;
        const wanted = index + (here || step < 0 ? step : step - 1);
        return items[Math.max(0, Math.min(items.length - 1, wanted))].id;
    }

    rowsInSight() {
        return Math.max(1, Math.floor(this.box.clientHeight / this.height()) - 1);
    }

    height() {
        this.rowHeight ||= parseFloat(getComputedStyle(this.box).getPropertyValue("--row-height")) || 52;
        return this.rowHeight;
    }

    /** @param {string} id */
    bringIntoView(id) {
        const top = this.store.indexOf(id) * this.height();
        const bottom = top + this.height();
        if (top < this.box.scrollTop) this.box.scrollTop = top;
        else if (bottom > this.box.scrollTop + this.box.clientHeight)
            this.box.scrollTop = bottom - this.box.clientHeight;
    }

    changed() {
        const grown = this.store.items.length - this.length;
        this.length = this.store.items.length;
        this.sheet.style.height = `${this.length * this.height()}px`;
        const before = this.box.scrollTop;
        if (this.anchor && this.store.get(this.anchor.id)) {
            this.box.scrollTop = this.store.indexOf(this.anchor.id) * this.height() - this.anchor.offset;
        }
        if (grown > 0 && this.box.scrollTop > before) this.unseen += grown;
        this.render();
    }

    /** The selected record if it is in sight; else the first row in sight, unless the list stands at its top. */
    noteAnchor() {
        const top = this.box.scrollTop;
        const height = this.height();
        if (this.selected && this.store.get(this.selected)) {
            const offset = this.store.indexOf(this.selected) * height - top;
            if (offset > -height && offset < this.box.clientHeight) {
                this.anchor = { id: this.selected, offset };
                return;
            }
        }
        const first = this.store.items[Math.floor(top / height)];
        this.anchor = top > 0 && first ? { id: first.id, offset: Math.floor(top / height) * height - top } : null;
    }

    render() {
        const height = this.height();
        const top = this.box.scrollTop;
        const first = Math.max(0, Math.floor(top / height) - overscan);
        const last = Math.min(this.store.items.length, Math.ceil((top + this.box.clientHeight) / height) + overscan);
        this.showRows(first, last);
        this.top = top;
        this.noteAnchor();
        if (top < height / 2) this.unseen = 0;
        this.fresh.hidden = this.unseen === 0;
        this.freshText.textContent = `${plural(this.unseen, "new request")}`;
        if (this.store.next !== null && last > this.store.items.length - 50) this.handlers.onend();
    }

    /**
     * @param {number} first
     * @param {number} last
     */
    showRows(first, last) {
        const shown = this.store.items.slice(first, last);
        const wanted = new Set(shown.map((record) => record.id));
        for (const [id, row] of this.rows) {
            if (!wanted.has(id)) {
                this.rows.delete(id);
                this.spare.push(row);
            }
        }
        shown.forEach((record, i) => {
            let row = this.rows.get(record.id);
            if (!row) {
                row = this.spare.pop() ?? new RecordRow();
                this.rows.set(record.id, row);
            }
            row.show(record, first + i, record.id === this.selected);
            row.element.setAttribute("aria-setsize", String(this.store.next === null ? this.store.items.length : -1));
            if (!row.element.parentNode) this.sheet.append(row.element);
        });
        for (const row of this.spare) row.element.remove();
        const active = this.selected && this.rows.has(this.selected) ? `record-${this.selected}` : "";
        if (active) this.box.setAttribute("aria-activedescendant", active);
        else this.box.removeAttribute("aria-activedescendant");
    }
}
