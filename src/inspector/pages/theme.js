/** Dark or light: as the system has it, or as was chosen. Runs before the first paint, therefore not a module. */
(() => {
    const order = ["auto", "light", "dark"];
    const root = document.documentElement;

    function stored() {
        try {
            return localStorage.getItem("theme") ?? "auto";
        } catch {
            return "auto";
        }
    }

    /** @param {string} theme */
    function apply(theme) {
        if (theme === "auto") root.removeAttribute("data-theme");
        else root.setAttribute("data-theme", theme);
        const button = document.getElementById("theme");
        button?.setAttribute("aria-label", `Theme: ${theme}`);
        button?.setAttribute("title", `Theme: ${theme}`);
    }

    apply(stored());
    addEventListener("DOMContentLoaded", () => {
        apply(stored());
        document.getElementById("theme")?.addEventListener("click", () => {
            const next = order[(order.indexOf(stored()) + 1) % order.length];
            try {
                localStorage.setItem("theme", next);
            } catch {
                // The choice then holds until the page is loaded again.
            }
            apply(next);
        });
    });
})();
