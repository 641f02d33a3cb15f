/* The upload: names what was chosen, refuses what is too large before sending it, and shows how far the sending is. */
(function () {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const wrong = document.getElementById("upload-wrong");
  const sending = document.getElementById("sending");
  const button = form.querySelector("button.wide");
  const drop = form.querySelector(".drop");

  const size = () => [...input.files].reduce((sum, file) => sum + file.size, 0);

  function complain(words) {
    wrong.textContent = words;
    wrong.hidden = !words;
  }

  function named() {
    document.getElementById("chosen").textContent = [...input.files].map((file) => file.name).join(", ");
    complain(size() > Number(form.dataset.limit) * 1e6 ? form.dataset.tooLarge : "");
  }

  function progress(event) {
    if (!event.lengthComputable) return;
    const done = Math.round((100 * event.loaded) / event.total);
    sending.querySelector("progress").value = done;
    sending.querySelector("p").textContent = `${form.dataset.sending} … ${done} %`;
  }

  function finished(request) {
    if (request.status >= 200 && request.status < 300) { location.assign(request.responseURL || location.href); return; }
    // The server's page says what is wrong, in the user's language.
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const told = page.querySelector(".wrong[role=alert]:not([hidden])") || page.querySelector("main .card p");
    reset(told ? told.textContent : form.dataset.broken);
  }

  function reset(words) {
    sending.hidden = true;
    button.disabled = false;
    complain(words);
  }

  input.addEventListener("change", named);
  ["dragover", "dragleave", "drop"].forEach((kind) => drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) { input.files = event.dataTransfer.files; named(); }
  }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (size() > Number(form.dataset.limit) * 1e6) { named(); return; }
    complain("");
    button.disabled = true;
    sending.hidden = false;
    const request = new XMLHttpRequest();
    request.open("POST", form.action || location.href);
    request.upload.addEventListener("progress", progress);
    request.addEventListener("load", () => finished(request));
    ["error", "abort"].forEach((kind) => request.addEventListener(kind, () => reset(form.dataset.broken)));
    request.send(new FormData(form));
  });
})();
