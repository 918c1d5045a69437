/** What is wrong with a text that should be JSON or XML, and where. */
export class BodyFault extends Error {
    /**
     * @param {string} message
     * @param {string} text
     * @param {number} offset
     */
    constructor(message, text, offset) {
        super(message);
        this.offset = offset;
        const before = text.slice(0, offset);
        this.line = before.split("\n").length;
        this.column = offset - before.lastIndexOf("\n");
    }
}
