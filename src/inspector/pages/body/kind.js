/** Decides how a body is shown, from its media type and what it holds. */

/** @typedef {"empty"|"json"|"xml"|"form"|"multipart"|"image"|"text"|"binary"} BodyKind */

const images = /^image\/(png|jpeg|gif|webp|avif|bmp|x-icon|vnd\.microsoft\.icon|svg\+xml)$/;

/** @param {string|null} mediaType */
export const essence = (mediaType) => (mediaType ?? "").split(";")[0].trim().toLowerCase();

/**
 * @param {import("../data/types.js").BodyView} view
 * @returns {BodyKind}
 */
export function kindOf(view) {
    if (view.decoded_length === 0) return "empty";
    const type = essence(view.media_type);
    if (images.test(type)) return "image";
    if (type === "multipart/form-data" || type === "multipart/mixed") return "multipart";
    if (view.text === null) return "binary";
    if (type === "application/json" || type.endsWith("+json")) return "json";
    if (type === "text/xml" || type === "application/xml" || type.endsWith("+xml")) return "xml";
    if (type === "application/x-www-form-urlencoded") return "form";
    if (view.text.startsWith("<?xml")) return "xml";
    // Many senders of JSON name no type, or the wrong one.
    return /^\s*[[{]/.test(view.text) &&
        /[\]}]\s*$/.test(view.text) &&
        !type.includes("javascript") &&
        !type.includes("css")
        ? "json"
        : "text";
}
