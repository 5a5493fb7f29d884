// Fetches this page again every two seconds and replaces only the sections that changed.
"use strict";
const PERIOD_MS = 2000;
const pulse = document.querySelector("[data-pulse]");
const sections = (root) => [...root.querySelectorAll("[data-live]")];
const seen = new Map(sections(document).map((one) => [one.id, one.outerHTML]));

function say(word) {
  if (pulse.textContent !== word) pulse.textContent = word;
  pulse.parentElement.classList.toggle("off", word !== "Live");
}

function replace(fresh) {
  const ids = sections(fresh).map((one) => one.id).join();
  if (ids !== sections(document).map((one) => one.id).join()) return location.reload();
  for (const section of sections(fresh)) {
    if (seen.get(section.id) === section.outerHTML) continue;
    seen.set(section.id, section.outerHTML);
    const old = document.getElementById(section.id);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(section);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (document.hidden || getSelection().type === "Range") return;
  try {
    const answer = await fetch(location.href);
    replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    say(answer.ok ? "Live" : "Waiting");
  } catch {
    say("Offline: trying again");
  }
}

document.addEventListener("click", async ({ target }) => {
  if (target.dataset?.copy === undefined) return;
  if (!navigator.clipboard) return getSelection().selectAllChildren(target.previousElementSibling);
  await navigator.clipboard.writeText(target.dataset.copy);
  target.textContent = target.ariaLabel = "Copied";
});
setInterval(refresh, PERIOD_MS);
document.addEventListener("visibilitychange", refresh);
