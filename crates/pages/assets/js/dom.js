// Building elements. Text is always text: nothing on these pages parses HTML from data.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * `element('p.lede', { id: 'x', onclick }, 'text', child, …)`.
 * @param {string} spec tag name and classes, `tag.class.class`
 * @param {Record<string, unknown>} [properties] attributes; functions named `on…` are listeners;
 *   `null`, `undefined` and `false` are left out
 * @param {...(Node | string | null | undefined | Array<Node | string>)} children
 */
export function element(spec, properties = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const node = document.createElement(tag);
  if (classes.length > 0) node.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

const ICONS = {
  pass: 'M4.5 10.5l3.5 3.5 7.5-8',
  fail: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  unknown: 'M7.4 7.3a2.7 2.7 0 1 1 3.9 2.4c-.9.5-1.3 1-1.3 2M10 14.6v.1',
};

/** A mark for pass, fail or unknown, drawn in a ring; the word always stands beside it. */
export function icon(status) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('fill', 'none');
  svg.setAttribute('stroke', 'currentColor');
  svg.setAttribute('stroke-width', '1.8');
  svg.setAttribute('stroke-linecap', 'round');
  svg.setAttribute('stroke-linejoin', 'round');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[status] ?? ICONS.unknown);
  const ring = document.createElementNS(SVG, 'circle');
  for (const [name, value] of Object.entries({ cx: 10, cy: 10, r: 9, 'stroke-width': 1.2, opacity: 0.55 })) ring.setAttribute(name, String(value));
  svg.append(ring, path);
  return svg;
}

/** Copies text and says so on the button for a moment. */
export async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    // Clipboard access needs HTTPS or localhost; selecting lets the reader copy by hand.
    button.textContent = 'Select and copy by hand';
  }
  setTimeout(() => { button.textContent = label; }, 2000);
}
