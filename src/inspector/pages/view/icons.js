/** The icons, drawn by hand in one weight. */

import { svg } from "./dom.js";

/** Outlines of the icons in a square of 16. */
const outlines = {
    replay: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
    edit: "M10.5 3.5l2 2L6 12l-2.7.7L4 10zM9.2 4.8l2 2",
    compare: "M5.5 3v10M5.5 13l-2.5-2.5M5.5 13l2-2.5M10.5 13V3M10.5 3l-2 2.5M10.5 3l2.5 2.5",
    copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
    more:
        "M3.2 8a.3.3 0 1 0 .6 0 .3.3 0 0 0-.6 0zM7.7 8a.3.3 0 1 0 .6 0 .3.3 0 0 0-.6 0z" +
        "M12.2 8a.3.3 0 1 0 .6 0 .3.3 0 0 0-.6 0z",
    star: "M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z",
    search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2",
    close: "M4 4l8 8M12 4l-8 8",
    back: "M10 3L5 8l5 5",
    down: "M4 6l4 4 4-4",
    up: "M8 13V3M8 3L4 7M8 3l4 4",
    right: "M6 4l4 4-4 4",
    trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
    download: "M8 2.5v7.5M8 10L5 7M8 10l3-3M3 13h10",
    upload: "M8 10V2.5M8 2.5l-3 3M8 2.5l3 3M3 13h10",
    filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
    theme: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
    help: "M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.7h.01",
    comment: "M2.5 3.5h11v7.5H7l-3 2.5V11H2.5z",
    watch:
        "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z" +
        "M8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z",
    plug: "M6 2v3M10 2v3M4.5 5h7v2.5a3.5 3.5 0 0 1-7 0zM8 11v3",
    alert: "M8 2.5l6 11H2zM8 6.5v3M8 11.5h.01",
    check: "M3.5 8.5l3 3 6-7",
    plus: "M8 3.5v9M3.5 8h9",
};

/** @typedef {keyof typeof outlines} IconName */

/** @param {IconName} name */
export function icon(name) {
    const outline = svg("path", { d: outlines[name] });
    return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, outline);
}
