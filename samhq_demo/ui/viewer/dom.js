// What several parts do with the page's elements.

const PAINTED_AFTER_MS = 30; // what a frame has painted is on the screen by then

/** Where keys and pasted text belong to a field. */
export const TYPING = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select,"
  + " [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], [role=searchbox]";

/** An element with properties and children; text always as text. */
export function tag(name, properties, ...children) {
  const element = document.createElement(name);
  const { dataset, attributes, ...plain } = properties;
  Object.assign(element, plain);
  Object.assign(element.dataset, dataset);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element's size in CSS pixels with fractions, whatever scale its ancestors have. */
export function cssSize(element) {
  const style = getComputedStyle(element);
  return { width: parseFloat(style.width) || 1, height: parseFloat(style.height) || 1 };
}

/** Once the next frame is on the screen. Who does not see the page waits for no frame. */
export function afterPaint(callback) {
  const soon = () => setTimeout(callback, PAINTED_AFTER_MS);
  if (document.hidden) soon();
  else requestAnimationFrame(soon);
}
