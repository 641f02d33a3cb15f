/* A ready answer that is chosen is put where the answer is written. */
(function () {
  "use strict";
  for (const choice of document.querySelectorAll("select.macros")) {
    choice.addEventListener("change", () => {
      const target = document.getElementById(choice.dataset.target);
      if (choice.value) target.value = (target.value ? target.value + "\n\n" : "") + choice.value;
      choice.selectedIndex = 0;
      target.focus();
    });
  }
})();
