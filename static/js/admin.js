/* Django admin: the entry of the current page is visible in the sidebar, however long that is. */
(() => {
  "use strict";
  const sidebar = document.getElementById("nav-sidebar");
  const current = sidebar?.querySelector(".current-model");
  if (!current) {
    return;
  }
  const bottom = current.getBoundingClientRect().bottom;
  const visible = Math.min(sidebar.getBoundingClientRect().bottom, window.innerHeight);
  if (bottom > visible) {
    // Not scrollIntoView: it would scroll the page too.
    sidebar.scrollTop += bottom - visible + current.offsetHeight;
  }
})();
