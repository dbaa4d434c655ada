// Addresses as the browser reaches them, and names of files.

const FILE_MARK = "/gradio_api/file=";

/**
 * An address of this server by the page's own protocol: where TLS ends before the server, that may take itself
 * for plain http, and a page that came by https may ask nothing of such an address.
 *
 * @param {string} url
 * @param {{ href: string, hostname: string, protocol: string, host: string }} page as `location` tells it.
 */
export function reachable(url, page) {
  const address = new URL(url, page.href);
  if (address.hostname !== page.hostname || address.protocol === page.protocol) return address.href;
  return `${page.protocol}//${page.host}${address.pathname}${address.search}`;
}

/**
 * Where the app is: what comes before Gradio's own part of a file's address.
 *
 * @param {string} url of a file
 */
export function originOf(url) {
  return url.split(FILE_MARK)[0];
}

/**
 * The address of a file that the server wrote.
 *
 * @param {string} path on the server
 * @param {string} origin see `originOf`
 */
export function fileAddress(path, origin) {
  return `${origin}${FILE_MARK}${path}`;
}

/**
 * A file's name without its ending, as Python's `Path.stem` has it.
 *
 * @param {string} name
 */
export function stemOf(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 && dot < name.length - 1 ? name.slice(0, dot) : name;
}
