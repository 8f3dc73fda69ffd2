// “Try it”: a GET operation sent to this very server, nothing else.
import { element } from '../dom.js';

const LONGEST_BODY = 200_000;

/**
 * A form for the operation's parameters and the answer below it.
 * @param {import('./document.js').Operation} operation
 * @param {string} base what comes before its path on this server
 */
export function requestForm(operation, base) {
  const parameters = operation.parameters.filter((parameter) => parameter.in === 'path' || parameter.in === 'query');
  const id = (name) => `try-${name.replace(/\W/g, '-')}`;
  const fields = parameters.map((parameter) => element('div.field', {},
    element('label', { for: id(parameter.name) }, parameter.name, parameter.required ? '' : element('span.soft', {}, ' (optional)')),
    element('input.input.input-mono', {
      id: id(parameter.name), name: parameter.name, required: parameter.required === true,
      autocomplete: 'off', spellcheck: 'false', placeholder: String(parameter.example ?? parameter.schema?.example ?? ''),
    })));
  const key = element('input.input.input-mono', { id: 'try-key', type: 'password', autocomplete: 'off' });
  const output = element('div', { role: 'status' });
  const button = element('button.button.button-primary', { type: 'submit' }, 'Send');
  const form = element('form.form', {}, fields,
    element('div.field', {}, element('label', { for: 'try-key' }, 'Key', element('span.soft', {}, ' (optional, sent as Bearer and X-API-Key; not kept)')), key),
    button, output);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const url = base + address(operation, parameters, (name) => form.elements.namedItem(name).value);
      output.replaceChildren(...await send(url, key.value.trim()));
    } catch (error) {
      output.replaceChildren(element('p.notice.notice-bad', {}, `No answer: ${error.message}.`));
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function address(operation, parameters, valueOf) {
  let path = operation.path;
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    const value = valueOf(name);
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '') query.append(name, value);
  }
  return query.size > 0 ? `${path}?${query}` : path;
}

async function send(url, key) {
  const headers = { accept: 'application/json, */*;q=0.5' };
  if (key) Object.assign(headers, { authorization: `Bearer ${key}`, 'x-api-key': key });
  const started = performance.now();
  const response = await fetch(url, { headers, credentials: 'omit' });
  const text = await response.text();
  const elapsed = Math.round(performance.now() - started);
  return [
    element('p', {}, element(`span.tag.${response.ok ? 'tag-good' : 'tag-bad'}`, {}, `${response.status} ${response.statusText}`.trim()), ` ${elapsed} ms, ${response.headers.get('content-type') ?? 'no content type'}`),
    element('p.mono', {}, url),
    element('pre', { tabindex: 0, 'aria-label': 'Answer' }, pretty(text)),
  ];
}

function pretty(text) {
  const shown = (() => {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  })();
  return shown.length > LONGEST_BODY ? `${shown.slice(0, LONGEST_BODY)}\n…` : shown || '(empty)';
}
