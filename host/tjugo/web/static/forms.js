// A form that is being sent is not sent again: the first of two clicks counts.
"use strict";

for (const form of document.querySelectorAll("form.once")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    // After the submit: a disabled button is not part of it.
    setTimeout(() => { form.querySelector("button").disabled = true; });
  });
}
// Back from the next page: the browser shows this one in its former state.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form.once")) {
    delete form.dataset.sent;
    form.querySelector("button").disabled = false;
  }
});
