// The entry: brings the viewer to life in gr.HTML's element, and gives the page's scripts and tests their handle.

import { Viewer } from "./viewer.js";

/**
 * Make the viewer of a template that is on the page. The argument is what gr.HTML's `js_on_load` is called with:
 * the element around the template, `trigger` for events, live `props`, Python's functions, `upload` and `watch`.
 */
export function start({ element, trigger, props, server, upload, watch }) {
  const host = element.closest("[id=viewer]") ?? element.parentElement;
  const link = {
    server,
    upload,
    ask: (question) => server.decode(question),
    queue: (question) => trigger("submit", question),
    arrive: (file) => trigger("upload", file),
  };
  const viewer = new Viewer(element.querySelector(".sv"), host, link, plain(props.options) ?? {});
  host.viewer = handleOf(viewer);
  const receive = () => {
    const message = plain(props.value);
    if (message && typeof message === "object") viewer.inbox.receive(message);
  };
  watch("value", receive);
  receive();
}

/** Svelte's live objects are slow to read and must not be kept: messages are small, copy them. */
function plain(value) {
  return JSON.parse(JSON.stringify(value ?? null));
}

function handleOf(viewer) {
  return {
    state: () => viewer.session.toJson(),
    picturesShown: () => viewer.inbox.picturesShown,
    /** Where a picture position is on the page, in client pixels: for scripts and tests. */
    clientOf: (x, y, model = "sam") => {
      const pane = viewer.surface.panes.find((each) => each.model === model);
      const box = pane.element.getBoundingClientRect();
      const [paneX, paneY] = viewer.view.toPane(x, y);
      return [
        box.left + (paneX / viewer.view.pane.width) * box.width,
        box.top + (paneY / viewer.view.pane.height) * box.height,
      ];
    },
  };
}
