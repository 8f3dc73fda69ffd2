// The API browser: choose a document, search its operations, read one. The address keeps the
// choice (`#doc=certivu&op=GET+/v1/records/{record_id}`), so that a link leads to an operation.
import { element } from '../dom.js';
import { grouped, operations } from './document.js';
import { markdown } from './markdown.js';
import { methodTag, operationView, pathText } from './operation.js';

const root = document.querySelector('[data-developers]');
const part = (name) => root.querySelector(`[data-${name}]`);
const [browser, index, search, count, view] = ['browser', 'operations', 'search', 'count', 'operation'].map(part);
const tabs = [...root.querySelectorAll('.document')];

/** Documents already fetched, by name. */
const loaded = new Map();
let shown = null;

function load(tab) {
  const { name } = tab.dataset;
  if (!loaded.has(name)) {
    loaded.set(name, fetch(tab.href, { headers: { accept: 'application/json' } }).then(async (response) => {
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const api = await response.json();
      return { name, api, list: operations(api) };
    }).catch((error) => {
      loaded.delete(name);
      throw error;
    }));
  }
  return loaded.get(name);
}

const address = (doc, operation) => `#${new URLSearchParams(operation ? { doc, op: operation.key } : { doc })}`;

/** Shows what the address names. */
async function show() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const tab = tabs.find(({ dataset }) => dataset.name === wanted.get('doc')) ?? tabs[0];
  if (!tab) return;
  for (const one of tabs) {
    if (one === tab) one.setAttribute('aria-current', 'true');
    else one.removeAttribute('aria-current');
  }
  browser.hidden = false;
  let current;
  try {
    current = await load(tab);
  } catch (error) {
    shown = null;
    index.replaceChildren();
    view.replaceChildren(element('p.notice.notice-bad', { role: 'alert' }, `${tab.dataset.name} could not be read: ${error.message}.`));
    return;
  }
  if (current !== shown) {
    shown = current;
    search.value = '';
    list();
  }
  const operation = current.list.find(({ key }) => key === wanted.get('op'));
  mark(operation);
  view.replaceChildren(...(operation ? operationView(current.api, operation) : overview(current)));
  root.dataset.reading = operation ? 'operation' : 'overview';
  if (operation) {
    view.prepend(element('p.operation-back', {}, element('a', { href: address(current.name) }, 'All operations')));
    view.focus({ preventScroll: true });
    if (view.getBoundingClientRect().top < 0 || matchMedia('(max-width: 56rem)').matches) root.scrollIntoView();
  }
}

function overview({ name, api, list: all }) {
  const { title, version, description } = api.info ?? {};
  return [
    element('header.operation-head', {},
      element('h2', {}, title ?? name),
      element('p.operation-meta', {}, `Version ${version ?? 'not named'}, OpenAPI ${api.openapi ?? '?'}, ${all.length} operations.`),
      ...(description ? markdown(description) : [])),
    element('p', {}, element('a', { href: tabs.find(({ dataset }) => dataset.name === name).href, download: `${name}.openapi.json` }, 'Save the document')),
  ];
}

/** The list on the left, only what the search finds. */
function list() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = shown.list.filter(({ haystack }) => words.every((word) => haystack.includes(word)));
  count.textContent = words.length > 0 ? `${found.length} of ${shown.list.length} operations` : `${found.length} operations`;
  index.replaceChildren(...grouped(shown.api, found).map(([group, members]) => element('section.operation-group', {},
    element('h3', {}, group),
    element('ul', {}, members.map((operation) => element('li', {},
      element('a', { href: address(shown.name, operation), 'data-key': operation.key, title: operation.definition.summary },
        methodTag(operation.method), element('span.operation-short', {}, pathText(operation.path)))))))));
  mark(shown.list.find(({ key }) => key === new URLSearchParams(location.hash.slice(1)).get('op')));
}

function mark(operation) {
  for (const link of index.querySelectorAll('a')) {
    if (operation && link.dataset.key === operation.key) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

for (const tab of tabs) {
  tab.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    location.hash = address(tab.dataset.name);
  });
}
search.addEventListener('input', () => { if (shown) list(); });
search.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') index.querySelector('a')?.click();
  if (event.key === 'ArrowDown') { event.preventDefault(); index.querySelector('a')?.focus(); }
});
index.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const links = [...index.querySelectorAll('a')];
  (links[links.indexOf(document.activeElement) + step] ?? search).focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && !event.target.closest('input, textarea, select')) {
    event.preventDefault();
    search.focus();
  }
});
addEventListener('hashchange', show);
show();
