/** A menu below a button: arrow keys, Home, End and first letters move; Escape closes. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {string} [hint]
 * @property {import("./icons.js").IconName} [symbol]
 * @property {boolean} [danger]
 * @property {() => void} [run]
 * @property {string} [download] URL of a file, instead of `run`
 */

/** @type {(() => void)|null} */
let closeOpen = null;

export const menuIsOpen = () => closeOpen !== null;

export function closeMenu() {
    closeOpen?.();
}

/**
 * @param {HTMLElement} anchor
 * @param {string} label
 * @param {(MenuItem|null)[]} items null is a line between groups
 */
export function openMenu(anchor, label, items) {
    closeMenu();
    const menu = h("div", { class: "menu", role: "menu", "aria-label": label });
    for (const item of items) menu.append(item ? menuItem(item) : h("hr"));
    (anchor.closest("section, header") ?? document.body).append(menu);
    place(menu, anchor);
    anchor.setAttribute("aria-expanded", "true");

    const close = () => {
        closeOpen = null;
        const hadFocus = menu.contains(document.activeElement);
        menu.remove();
        anchor.setAttribute("aria-expanded", "false");
        document.removeEventListener("pointerdown", outside, true);
        if (hadFocus) anchor.focus();
    };
    const outside = (/** @type {Event} */ event) => {
        if (!menu.contains(/** @type {Node} */ (event.target))) close();
    };
    closeOpen = close;
    document.addEventListener("pointerdown", outside, true);
    menu.addEventListener("keydown", (event) => onkey(menu, event, close));
    /** @type {HTMLElement|null} */ (menu.querySelector("[role=menuitem]"))?.focus();
}

/** @param {MenuItem} item */
function menuItem(item) {
    const content = [
        item.symbol ? icon(item.symbol) : null,
        h("span", null, item.label),
        item.hint ? h("kbd", null, item.hint) : null,
    ];
    const attributes = { role: "menuitem", tabindex: "-1", class: item.danger ? "menu-item danger" : "menu-item" };
    if (item.download)
        return h("a", { ...attributes, href: item.download, download: "", onclick: () => closeMenu() }, ...content);
    const run = () => {
        closeMenu();
        item.run?.();
    };
    return h("button", { type: "button", ...attributes, onclick: run }, ...content);
}

/**
 * @param {HTMLElement} menu
 * @param {HTMLElement} anchor
 */
function place(menu, anchor) {
    const box = anchor.getBoundingClientRect();
    const left = Math.min(box.left, innerWidth - menu.offsetWidth - 8);
    const below = box.bottom + 4;
    const top = below + menu.offsetHeight > innerHeight - 8 ? Math.max(8, box.top - menu.offsetHeight - 4) : below;
    menu.style.left = `${Math.max(8, left)}px`;
    menu.style.top = `${top}px`;
}

/**
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 * @param {() => void} close
 */
function onkey(menu, event, close) {
    const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[role=menuitem]")]);
    const index = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {HTMLElement|undefined} */
    let target;
    if (event.key === "ArrowDown") target = items[(index + 1) % items.length];
    else if (event.key === "ArrowUp") target = items[(index + items.length - 1) % items.length];
    else if (event.key === "Home") target = items[0];
    else if (event.key === "End") target = items.at(-1);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (/^[a-z.]$/i.test(event.key)) {
        const letter = event.key.toLowerCase();
        const after = [...items.slice(index + 1), ...items.slice(0, index + 1)];
        target = after.find((item) => (item.querySelector("span")?.textContent ?? "").toLowerCase().startsWith(letter));
    } else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
    target?.focus();
}
