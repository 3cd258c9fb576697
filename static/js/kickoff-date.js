/* [data-date]: a day that is only half typed is empty for the server. Say so before the form is sent. */
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
