// The page of a print that was counted: open the browser's print window once.
"use strict";

window.addEventListener("load", () => window.print());
