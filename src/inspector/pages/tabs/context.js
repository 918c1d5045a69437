/**
 * What a tab of the detail is given. A tab fills its box, and may return what it does when the record changes.
 *
 * @typedef {object} TabContext
 * @property {import("../data/types.js").Exchange} exchange
 * @property {AbortSignal} signal aborted when another record or tab is shown
 * @property {string|null} other record to compare with
 * @property {(term: string) => void} addTerm to the filter
 * @property {(change: Partial<import("../data/place.js").Place>) => void} go
 * @property {import("../view/actions.js").Actions} actions
 *
 * @typedef {(exchange: import("../data/types.js").Exchange) => void|Promise<void>} TabUpdate
 * @typedef {(box: HTMLElement, context: TabContext) => Promise<TabUpdate|void>} Tab
 */

export {};
