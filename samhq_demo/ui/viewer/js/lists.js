// Lists compared part by part.

/**
 * Whether two lists have the same parts, so that what was painted from one need not be painted from the other.
 *
 * @param {readonly unknown[]} one
 * @param {readonly unknown[]} other
 */
export function areSame(one, other) {
  return one.length === other.length && one.every((part, at) => part === other[at]);
}
