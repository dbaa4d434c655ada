"""How the gallery of an evaluation hands a row over to the app: two pages of one browser, no server between.

The gallery opens the app's page, which says that it is ready, and sends it the picture's file with the
prompt and the truth. The app uploads them as if its visitor had chosen them: nothing is read by a path or a
URL, and the gallery hears nothing of what becomes of them.
"""

from __future__ import annotations

FRAGMENT = "#handed-over"
"""At the end of the app's address: its page is to ask the one that opened it."""
READY = "samhq-demo: ready"
"""What the app's page says; the answer is {"name", "bytes", "prompts"}, `bytes` an ArrayBuffer."""

# Of the gallery: links to the app have the picture and the prompts beside them, as links to data.
SCRIPT = """
document.addEventListener("click", (click) => {
  const link = click.target.closest("a[data-app]");
  const app = link && window.open(link.href + FRAGMENT, "_blank");
  if (!app) return;
  click.preventDefault();
  const [picture, prompts] = link.parentElement.querySelectorAll("a[download]");
  window.addEventListener("message", async function give({ source, origin, data }) {
    if (source !== app || origin !== new URL(link.href).origin || data !== READY) return;
    window.removeEventListener("message", give);
    const bytes = await (await fetch(picture.href)).arrayBuffer();
    const text = await (await fetch(prompts.href)).text();
    app.postMessage({ name: picture.download, bytes, prompts: text }, origin);
  });
});
""".replace("FRAGMENT", f'"{FRAGMENT}"').replace("READY", f'"{READY}"')
