/* [data-date]: an incomplete date is empty for the server. Report it before the form is sent. */
(() => {
  "use strict";

  document.addEventListener(
    "submit",
    (event) => {
      const unfinished = [...event.target.querySelectorAll("[data-date]")].find((input) => input.validity.badInput);
      if (!unfinished) return;
      event.preventDefault();
      event.stopPropagation();
      unfinished.reportValidity();
    },
    true,
  );
})();
