// The last part: gr.HTML runs all parts as one function with `element`, `trigger`, `props`, `server`, `upload`, `watch`.

const root = element.querySelector(".sv");
const host = element.closest("[id=viewer]") ?? element.parentElement;

/** Svelte's live objects are slow to read and must not be kept: messages are small, copy them. */
const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

const link = {
  server,
  upload,
  ask: (question) => server.decode(question),
  queue: (question) => trigger("submit", question),
  arrive: (file) => trigger("upload", file),
};

const viewer = new Viewer(root, host, link, plain(props.options) ?? {});
host.viewer = {
  state: () => viewer.session.toJson(),
  picturesShown: () => viewer.picturesShown,
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

const receive = () => {
  const message = plain(props.value);
  if (message && typeof message === "object") viewer.receive(message);
};
watch("value", receive);
receive();
