/* The wall screen: says when its values are old, and asks to stay awake. */
(function () {
  "use strict";
  const OLD_MS = 15000, CHECK_MS = 1000;
  const lost = document.getElementById("wall-lost");
  let heard = Date.now();
  document.body.addEventListener("htmx:afterSwap", () => { heard = Date.now(); });
  // A link that was revoked, or a new release of the portal: the whole page is asked for again.
  document.body.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 404) location.reload(); });
  setInterval(() => { lost.classList.toggle("shown", Date.now() - heard > OLD_MS); }, CHECK_MS);
  const awake = () => { if (navigator.wakeLock && !document.hidden) navigator.wakeLock.request("screen").catch(() => {}); };
  document.addEventListener("visibilitychange", awake);
  awake();
})();
