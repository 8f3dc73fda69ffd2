// One operation on the page.
import { copy, element } from '../dom.js';
import { curl } from './curl.js';
import { basePath, resolve, security } from './document.js';
import { markdown } from './markdown.js';
import { requestForm } from './request.js';
import { schemaTree, typeWord } from './schema.js';

/** `GET`, coloured and spelt. */
export const methodTag = (method) => element(`span.method.method-${method.toLowerCase()}`, {}, method);

/** `/v1/{id}` with break points after slashes and the parameters marked. */
export function pathText(path) {
  return path.split(/(\{[^}]+\})/).flatMap((part) => (part.startsWith('{')
    ? [element('em', {}, part)]
    : part.split(/(?<=\/)/).flatMap((piece) => [piece, element('wbr')])));
}

/** @returns {Element[]} everything there is to say about the operation */
export function operationView(document, operation) {
  const { definition } = operation;
  const section = (title, ...children) => element('section.operation-part', {}, element('h3', {}, title), ...children);
  const who = security(document, operation);
  return [
    element('header.operation-head', {},
      element('p.operation-path', {}, methodTag(operation.method), element('code', {}, pathText(basePath(document) + operation.path))),
      element('h2', {}, definition.summary ?? definition.operationId ?? operation.key),
      definition.deprecated ? element('p.notice.notice-unsure', {}, 'Deprecated: use another operation for new work.') : null,
      ...(definition.description && definition.description !== definition.summary ? markdown(definition.description) : []),
      element('p.operation-meta', {}, who.length === 0 ? 'Open to everyone.' : `Needs ${who.join(', or ')}.`)),
    operation.parameters.length > 0 ? section('Parameters', parameterTable(document, operation.parameters)) : null,
    ...requestBody(document, definition, section),
    section('Answers', responses(document, definition)),
    section('From a shell', ...shell(document, operation)),
    operation.method === 'GET' ? section('Try it here', requestForm(operation, basePath(document))) : null,
  ].filter((part) => part !== null);
}

function parameterTable(document, parameters) {
  return element('ul.schema-rows', {}, parameters.map((parameter) => {
    const schema = resolve(document, parameter.schema) ?? {};
    const values = schema.enum ? `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}` : '';
    const given = schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`;
    return element('li.schema-row', {},
      element('div.schema-head', {},
        element('code.schema-name', {}, parameter.name),
        element('span.schema-type', {}, `${typeWord(document, parameter.schema)}, in the ${parameter.in}`),
        parameter.required ? element('span.schema-required', {}, 'required') : null),
      element('div.schema-note', {},
        parameter.description ? markdown(parameter.description) : [],
        values || given ? element('p.schema-limits', {}, [values, given].filter(Boolean).join('; ')) : null));
  }));
}

function requestBody(document, definition, section) {
  const body = resolve(document, definition.requestBody);
  if (!body) return [];
  return [section('Request body',
    ...(body.description ? markdown(body.description) : []),
    ...Object.entries(body.content ?? {}).flatMap(([type, media]) => [
      element('p.media-type', {}, element('code', {}, type), body.required ? '' : ', optional', `: ${typeWord(document, media.schema)}`),
      schemaTree(document, media.schema),
    ]))];
}

function responses(document, definition) {
  return element('div.responses', {}, Object.entries(definition.responses ?? {}).map(([status, raw]) => {
    const response = resolve(document, raw);
    const media = Object.entries(response.content ?? {});
    const head = [element(`span.status.status-${status[0]}`, {}, status), element('span', {}, firstLine(response.description))];
    if (media.length === 0) return element('div.response', {}, element('div.response-head', {}, head));
    const details = element('details.response', {}, element('summary.response-head', {}, head));
    details.addEventListener('toggle', () => {
      if (details.children.length > 1) return;
      for (const [type, one] of media) {
        details.append(element('p.media-type', {}, element('code', {}, type), `: ${typeWord(document, one.schema)}`), schemaTree(document, one.schema));
        const example = one.example ?? Object.values(one.examples ?? {})[0]?.value;
        if (example !== undefined) details.append(element('pre', { tabindex: 0, 'aria-label': 'Example' }, typeof example === 'string' ? example : JSON.stringify(example, null, 2)));
      }
    });
    return details;
  }));
}

const firstLine = (text) => (text ?? '').split('\n')[0].replaceAll(/[`*]/g, '');

function shell(document, operation) {
  const command = curl(document, operation, location.origin + basePath(document));
  const button = element('button.button.button-quiet', { type: 'button' }, 'Copy');
  button.addEventListener('click', () => copy(command, button));
  return [element('pre', { tabindex: 0, 'aria-label': 'Command' }, element('code', {}, command)), button];
}
