/** The verdict on a webhook's signature, the reason, and what to do. */

import { button } from "../view/buttons.js";
import { h } from "../view/dom.js";
import { duration, words } from "../view/format.js";
import { verdictChip, verdictOf } from "../view/status_mark.js";
import { factList, fieldTable, fieldTerm, section } from "./parts.js";

/** @type {import("./context.js").Tab} */
export async function signatureTab(box, context) {
    const { verification } = context.exchange;
    if (!verification || verification.scheme === null) {
        box.replaceChildren(
            h(
                "div",
                { class: "nothing" },
                h("p", null, "No scheme"),
                h(
                    "p",
                    { class: "muted" },
                    "No header of this request belongs to a signature scheme that the inspector knows.",
                ),
            ),
        );
        return;
    }
    const age = verification.age_at_arrival_us;
    box.replaceChildren(
        h(
            "div",
            { class: `notice verdict tone-${verdictOf(verification.verdict).tone}` },
            h("p", null, verification.advice ? h("strong", null, verification.reason) : verification.reason),
            verification.advice ? h("p", null, verification.advice) : "",
            verification.resign && signAgain(context, verification.resign === "proposed"),
        ),
        factList([
            ["Verdict", verdictChip(verification.verdict)],
            ["Provider", verification.provider],
            ["Scheme", verification.scheme !== verification.provider && verification.scheme],
            ["Cause", verification.cause && verification.cause !== "unknown" && words(verification.cause)],
            ["Secret", verification.secret],
            ["Verified as", verification.matched_variant ?? null],
            // Its timestamp has whole seconds.
            ["Age at arrival", typeof age === "number" ? (age === 0 ? "below 1 s" : duration(age)) : null],
            ["Tolerance", typeof verification.tolerance_us === "number" ? duration(verification.tolerance_us) : null],
            ["Expected", verification.expected_prefix && h("code", null, `${verification.expected_prefix}…`)],
        ]),
        verification.fields?.length
            ? section("Headers that it reads", null, fieldTable(verification.fields, fieldTerm(context, "request")))
            : "",
    );
}

/**
 * @param {import("./context.js").TabContext} context
 * @param {boolean} proposed
 */
const signAgain = ({ actions, exchange }, proposed) =>
    button("Sign again and replay", "replay", () => actions.replaySigned(exchange.id), {
        class: proposed ? "button primary" : "button",
        title: "With a fresh timestamp",
    });
