// What several parts do with the page's elements.

/** @typedef {{ dataset?: Record<string, string>, attributes?: Record<string, string> }} More */

const PAINTED_AFTER_MS = 30; // what a frame has painted is on the screen by then

/** Where keys and pasted text belong to a field. */
export const TYPING = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select,"
  + " [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], [role=searchbox]";

/**
 * An element of the template, which is always there.
 *
 * @template {Element} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function partOf(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The template has no ${selector}.`);
  return found;
}

/**
 * All elements of the template that a selector finds.
 *
 * @template {Element} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind[]}
 */
export function partsOf(root, selector, kind) {
  return [...root.querySelectorAll(selector)].flatMap((element) => (element instanceof kind ? [element] : []));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser has no canvas to draw on.");
  return context;
}

/**
 * An element with properties and children; text always as text.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Omit<Partial<HTMLElementTagNameMap[Name]>, "dataset" | "attributes"> & More} properties
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function tag(name, properties, ...children) {
  const element = document.createElement(name);
  const { dataset, attributes, ...plain } = properties;
  Object.assign(element, plain);
  Object.assign(element.dataset, dataset);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * An element's size in CSS pixels with fractions, whatever scale its ancestors have.
 *
 * @param {Element} element
 */
export function cssSize(element) {
  const style = getComputedStyle(element);
  return { width: parseFloat(style.width) || 1, height: parseFloat(style.height) || 1 };
}

/**
 * Once the next frame is on the screen. Who does not see the page waits for no frame.
 *
 * @param {() => void} callback
 */
export function afterPaint(callback) {
  const soon = () => setTimeout(callback, PAINTED_AFTER_MS);
  if (document.hidden) soon();
  else requestAnimationFrame(soon);
}
