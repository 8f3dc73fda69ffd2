// An OpenAPI 3 document as a list of operations, with references resolved only when asked for.

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'];

/**
 * @typedef {object} Operation
 * @property {string} key `GET /path`, unique in the document
 * @property {string} method upper case
 * @property {string} path
 * @property {string} group its tag, or the first telling segment of its path
 * @property {object} definition the Operation Object
 * @property {object[]} parameters Parameter Objects of the path and the operation, resolved
 * @property {string} haystack lower-case text that a search looks through
 */

/** Where the document's paths begin on this server: the path of its first server's address. */
export function basePath(document) {
  const address = document.servers?.[0]?.url ?? '';
  try {
    return new URL(address, 'https://any.example/').pathname.replace(/\/$/, '');
  } catch {
    return '';
  }
}

/** Resolves a local `$ref`; siblings of `$ref` win over what it names (OpenAPI 3.1). */
export function resolve(document, value) {
  let current = value;
  for (let hops = 0; current && typeof current === 'object' && typeof current.$ref === 'string'; hops += 1) {
    const { $ref, ...siblings } = current;
    const target = pointer(document, $ref);
    if (target === undefined || hops > 16) return { description: `Unresolved reference: ${$ref}` };
    current = { ...target, ...siblings };
  }
  return current;
}

/** The last part of a `$ref`, the name people know the schema by. */
export const refName = (value) => (typeof value?.$ref === 'string' ? value.$ref.split('/').at(-1) : null);

function pointer(document, ref) {
  if (!ref.startsWith('#/')) return undefined;
  return ref.slice(2).split('/').reduce((value, part) => {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    return value !== null && typeof value === 'object' && Object.hasOwn(value, key) ? value[key] : undefined;
  }, document);
}

/** @returns {Operation[]} in the document's own order */
export function operations(document) {
  const list = [];
  for (const [path, rawItem] of Object.entries(document.paths ?? {})) {
    const item = resolve(document, rawItem) ?? {};
    for (const method of METHODS) {
      const definition = item[method];
      if (!definition) continue;
      list.push({
        key: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        group: definition.tags?.[0] ?? groupOf(path),
        definition,
        parameters: parameters(document, item.parameters, definition.parameters),
        haystack: `${method} ${path} ${definition.operationId ?? ''} ${definition.summary ?? ''} ${(definition.tags ?? []).join(' ')}`.toLowerCase(),
      });
    }
  }
  return list;
}

/** Operations by group, groups in order of first appearance in the document's tags, then paths. */
export function grouped(document, list) {
  const groups = new Map((document.tags ?? []).map(({ name }) => [name, []]));
  for (const operation of list) {
    if (!groups.has(operation.group)) groups.set(operation.group, []);
    groups.get(operation.group).push(operation);
  }
  return [...groups].filter(([, members]) => members.length > 0);
}

/** The first segment that is no version and no `api`: `/v1/records/{id}` → `records`. */
function groupOf(path) {
  const segments = path.split('/').filter((segment) => segment && !/^(v\d+|api|ext|\{.*)$/.test(segment));
  return segments[0] ?? 'root';
}

function parameters(document, shared = [], own = []) {
  const byName = new Map();
  for (const raw of [...shared, ...own]) {
    const parameter = resolve(document, raw);
    byName.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  return [...byName.values()];
}

/** How to prove who you are, in words: one line for each alternative. */
export function security(document, operation) {
  const required = operation.definition.security ?? document.security ?? [];
  return required.map((alternative) => Object.keys(alternative).map((name) => {
    const scheme = resolve(document, document.components?.securitySchemes?.[name]);
    if (!scheme) return name;
    if (scheme.type === 'http') return `Authorization: ${scheme.scheme === 'basic' ? 'Basic' : 'Bearer'}`;
    if (scheme.type === 'apiKey') return `${scheme.in} ${scheme.name}`;
    return name;
  }).join(' and ')).map((line) => line || 'none');
}
