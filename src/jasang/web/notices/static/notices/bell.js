// The number on the bell: asked for when a page opens and when somebody comes back to it.
"use strict";
(() => {
  const bell = document.querySelector("[data-bell]");
  if (!bell) return;
  const ask = async () => {
    try {
      const answer = await fetch(bell.dataset.bell, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { unseen } = await answer.json();
      const mark = bell.querySelector("b");
      mark.textContent = unseen > 99 ? "99+" : String(unseen);
      mark.hidden = unseen === 0;
    } catch {
      // Without a network the bell stays as it is.
    }
  };
  ask();
  document.addEventListener("visibilitychange", () => document.hidden || ask());
})();
