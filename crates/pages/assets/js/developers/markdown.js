// The little of Markdown that API descriptions use: paragraphs, headings, lists, tables, fenced code, bold,
// italics, code and links. Builds elements, so that whatever a document says stays text.
import { element } from '../dom.js';

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|(?<![\w*])[*_](?!\s)([^*_\n]+?)[*_](?![\w*])|\[([^\]\n]+)\]\(([^)\s]+)\)/g;

/** @returns {Element[]} the blocks of the text */
export function markdown(text) {
  const blocks = [];
  const lines = String(text).replaceAll('\r\n', '\n').split('\n');
  let paragraph = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push(element('p', {}, inline(paragraph.join(' '))));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (/^\s*```/.test(line)) {
      flush();
      const code = [];
      for (at += 1; at < lines.length && !/^\s*```/.test(lines[at]); at += 1) code.push(lines[at]);
      blocks.push(element('pre', { tabindex: 0 }, element('code', {}, code.join('\n'))));
    } else if (heading) {
      flush();
      blocks.push(element('p', {}, element('strong', {}, inline(heading[1]))));
    } else if (isItem(line)) {
      flush();
      const ordered = /^\s*\d/.test(line);
      const items = [];
      for (; at < lines.length && lines[at].trim() !== ''; at += 1) {
        if (isItem(lines[at])) items.push(lines[at].replace(/^\s*(?:[-*+]|\d+[.)])\s+/, ''));
        else items.push(`${items.pop()} ${lines[at].trim()}`);
      }
      blocks.push(element(ordered ? 'ol' : 'ul', {}, items.map((item) => element('li', {}, inline(item)))));
    } else if (line.trim().startsWith('|') && /^[\s|:-]+$/.test(lines[at + 1] ?? '')) {
      flush();
      const cells = (source) => source.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
      const head = cells(line);
      const rows = [];
      for (at += 2; at < lines.length && lines[at].trim().startsWith('|'); at += 1) rows.push(cells(lines[at]));
      at -= 1;
      blocks.push(element('div.table-frame', { tabindex: 0 }, element('table.table', {},
        element('thead', {}, element('tr', {}, head.map((cell) => element('th', { scope: 'col' }, inline(cell))))),
        element('tbody', {}, rows.map((row) => element('tr', {}, row.map((cell) => element('td', {}, inline(cell)))))))));
    } else if (line.trim() === '') {
      flush();
    } else {
      paragraph.push(line.trim());
    }
  }
  flush();
  return blocks;
}

const isItem = (line) => /^\s*(?:[-*+]|\d+[.)])\s+\S/.test(line);

function inline(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [, , code, bold, italic, label, target] = match;
    if (code !== undefined) parts.push(element('code', {}, code.trim()));
    else if (bold !== undefined) parts.push(element('strong', {}, inline(bold)));
    else if (italic !== undefined) parts.push(element('em', {}, inline(italic)));
    // Only addresses that cannot run anything become links.
    else if (/^(https?:\/\/|\/(?!\/)|#)/.test(target)) parts.push(element('a', { href: target, rel: 'noreferrer' }, label));
    else parts.push(label);
  }
  parts.push(text.slice(at));
  return parts;
}
