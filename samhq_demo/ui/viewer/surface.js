// The panes together: their size, which of them are seen, when they are painted.

const SETTLE_MS = 90; // after the last wheel step or the last change of size
const QUICK_RASTER_MS = 9; // masks are made anew in every frame of a gesture where that takes no longer
const DIVIDER_STEP = 0.02;

class Surface {
  constructor(root, scene) {
    this.stage = root.querySelector(".stage");
    this.scene = scene; // () -> what to paint now
    this.view = new View();
    this.backdrop = new Backdrop();
    this.panes = [...root.querySelectorAll(".pane")].map((element) => new Pane(element, this.view, this.backdrop));
    this.shown = []; // the panes in sight
    this.ground = ""; // the colour around the picture
    this.bitmap = null;
    this.isMoving = false;
    this.paintMilliseconds = 0;
    this.divider = new Divider(root.querySelector(".divider"), this.stage);
    this.#watchSizes();
  }

  /** The pane under a pointer. In the slider view the two lie on each other and have one geometry. */
  paneAt(clientX, clientY) {
    return this.shown.find(({ element }) => {
      const box = element.getBoundingClientRect();
      return clientX >= box.left && clientX < box.right && clientY >= box.top && clientY < box.bottom;
    });
  }

  setPicture(picture, bitmap) {
    this.bitmap?.close();
    this.bitmap = bitmap;
    for (const pane of this.panes) pane.layers.clear();
    this.stage.style.setProperty("--ratio", String(picture.width / picture.height));
    this.stage.dataset.shape = picture.width / picture.height > 1.9 ? "wide" : "plain";
    this.view.setPicture(picture);
    this.measure();
  }

  #watchSizes() {
    const observer = new ResizeObserver(() => this.measure());
    for (const { element } of this.panes) observer.observe(element);
    for (const { canvas } of [this.backdrop, ...this.panes]) {
      canvas.addEventListener("contextrestored", () => this.#paintAnew());
    }
    this.#watchDensity();
  }

  /** The browser may take a canvas's pixels while the page is out of sight. */
  #paintAnew() {
    this.backdrop.key = [];
    for (const pane of this.panes) pane.layers.clear();
    this.measure();
  }

  /** Another screen or another page zoom can leave all sizes in CSS pixels as they are. */
  #watchDensity() {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      if (!this.stage.isConnected) return;
      this.measure();
      this.#watchDensity();
    };
    query.addEventListener("change", changed, { once: true });
  }

  measure() {
    this.shown = this.panes.filter((pane) => pane.isInSight());
    if (!this.shown.length) return;
    const { width, height } = cssSize(this.shown[0].element);
    this.view.setPane(width, height);
    for (const pane of this.shown) pane.resize(width, height, window.devicePixelRatio || 1);
    this.#repaint();
    this.paintMarks();
  }

  // ---- painting --------------------------------------------------------------------------------------

  /** The theme may have changed too. Where nothing but an answer is new, `paint` alone does not ask the page. */
  #repaint() {
    this.ground = getComputedStyle(this.stage).backgroundColor;
    this.paint();
  }

  paint() {
    const scene = { ...this.scene(), ground: this.ground };
    const started = performance.now();
    for (const pane of this.shown) pane.paint(scene);
    this.paintMilliseconds = performance.now() - started;
    this.isPaintDue = false;
  }

  paintMarks() {
    const scene = this.scene();
    for (const pane of this.shown) pane.paintMarks(scene);
    this.areMarksDue = false;
  }

  /** In the next frame, however often it is asked for before that. */
  schedule({ masks = true } = {}) {
    this.isPaintDue ||= masks;
    this.areMarksDue = true;
    if (this.frameRequest) return;
    this.frameRequest = requestAnimationFrame(() => {
      this.frameRequest = null;
      if (this.isPaintDue) this.#repaint();
      if (this.areMarksDue) this.paintMarks();
    });
  }

  // ---- moving ----------------------------------------------------------------------------------------

  pan(dx, dy) {
    this.view.panBy(dx, dy);
    this.#moved();
  }

  zoom(paneX, paneY, factor) {
    this.view.zoomAt(paneX, paneY, factor);
    this.#moved();
  }

  zoomAtCentre(factor) {
    this.zoom(this.view.pane.width / 2, this.view.pane.height / 2, factor);
    this.settleSoon();
  }

  fit() {
    this.view.fit();
    this.settle();
    this.schedule();
  }

  #moved() {
    // Where masks take long, a gesture moves what was painted last and paints anew when it ends.
    this.isMoving = this.isMoving || this.paintMilliseconds > QUICK_RASTER_MS;
    this.schedule();
  }

  settle() {
    clearTimeout(this.settleTimer);
    if (this.isMoving) this.schedule();
    this.isMoving = false;
  }

  settleSoon() {
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settle(), SETTLE_MS);
  }
}

/** An element's size in CSS pixels with fractions, whatever scale its ancestors have. */
function cssSize(element) {
  const style = getComputedStyle(element);
  return { width: parseFloat(style.width) || 1, height: parseFloat(style.height) || 1 };
}

/** The line of the slider view: SAM to its left, SAM-HQ to its right. Moving it paints nothing. */
class Divider {
  constructor(element, stage) {
    this.element = element;
    this.stage = stage;
    this.set(0.5);
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      element.focus({ preventScroll: true });
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const box = stage.getBoundingClientRect();
      this.set((event.clientX - box.left) / box.width);
    });
    element.addEventListener("keydown", (event) => this.#press(event));
  }

  set(share) {
    this.share = Math.min(1, Math.max(0, share));
    const text = `${Math.round(this.share * 100)}`;
    this.stage.style.setProperty("--divider", `${this.share * 100}%`);
    this.element.setAttribute("aria-valuenow", text);
    this.element.setAttribute("aria-valuetext", `SAM on ${text} % of the picture`);
  }

  #press(event) {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 };
    const ends = { Home: 0, End: 1 };
    if (!(event.key in steps) && !(event.key in ends)) return;
    event.preventDefault();
    this.set(ends[event.key] ?? this.share + steps[event.key] * DIVIDER_STEP);
  }
}
