// A JSON Schema as a tree that unfolds a level at a time, so that cycles and large documents cost
// nothing until someone looks.
import { element } from '../dom.js';
import { markdown } from './markdown.js';
import { refName, resolve } from './document.js';

/** An expandable view of a schema; the first level is open. */
export function schemaTree(document, schema) {
  return element('div.schema', {}, body(document, schema, 0) ?? element('p.soft', {}, typeWord(document, schema)));
}

/** What a schema accepts in a few words: `array of Track`, `string (date-time)`. */
export function typeWord(document, raw) {
  if (raw === true || raw === undefined) return 'anything';
  if (raw === false) return 'nothing';
  const name = refName(raw);
  const schema = resolve(document, raw) ?? {};
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  for (const [keyword, joint] of [['oneOf', ' or '], ['anyOf', ' or '], ['allOf', ' and ']]) {
    if (schema[keyword]) return name ?? [...new Set(schema[keyword].map((one) => typeWord(document, one)))].join(joint);
  }
  const types = [schema.type ?? (schema.properties ? 'object' : schema.items ? 'array' : 'anything')].flat();
  return types.map((type) => {
    if (type === 'array') return `array of ${schema.items ? typeWord(document, schema.items) : 'anything'}`;
    if (type === 'object' && name) return name;
    return schema.format && type !== 'null' ? `${type} (${schema.format})` : type;
  }).join(' or ');
}

/** The rows below a schema, or null when it has no inside. */
function body(document, raw, depth) {
  if (raw === null || typeof raw !== 'object') return null;
  const schema = resolve(document, raw);
  if (schema.items && typeof schema.items === 'object') return body(document, schema.items, depth);
  const rows = [];
  for (const keyword of ['oneOf', 'anyOf', 'allOf']) {
    const inner = (schema[keyword] ?? []).filter((one) => resolve(document, one)?.type !== 'null');
    if (inner.length === 1 || (keyword === 'allOf' && inner.length > 0)) {
      for (const one of inner) {
        const below = body(document, one, depth);
        if (below) rows.push(...below.children);
      }
    } else {
      inner.forEach((one, index) => rows.push(row(document, `${keyword === 'allOf' ? 'part' : 'option'} ${index + 1}`, one, false, depth)));
    }
  }
  const required = new Set(schema.required ?? []);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    rows.push(row(document, name, property, required.has(name), depth));
  }
  if (schema.additionalProperties && typeof schema.additionalProperties === 'object') {
    rows.push(row(document, 'any other key', schema.additionalProperties, false, depth));
  }
  return rows.length > 0 ? element('ul.schema-rows', {}, rows) : null;
}

function row(document, name, raw, required, depth) {
  const schema = resolve(document, raw) ?? {};
  const head = [
    element('code.schema-name', {}, name),
    element('span.schema-type', {}, typeWord(document, raw)),
    required ? element('span.schema-required', {}, 'required') : null,
    schema.deprecated ? element('span.schema-required', {}, 'deprecated') : null,
  ].filter(Boolean);
  const note = element('div.schema-note', {}, [
    ...(schema.description ? markdown(schema.description) : []),
    limits(schema),
  ]);
  if (!hasInside(document, raw)) return element('li.schema-row', {}, element('div.schema-head', {}, head), note);

  const details = element('details', {}, element('summary.schema-head', {}, head), note);
  const unfold = () => {
    if (details.open && !details.querySelector('.schema-rows')) {
      details.append(body(document, raw, depth + 1) ?? '');
    }
  };
  details.addEventListener('toggle', unfold);
  return element('li.schema-row', {}, details);
}

function hasInside(document, raw) {
  if (raw === null || typeof raw !== 'object') return false;
  let schema = resolve(document, raw);
  for (let hops = 0; schema?.items && typeof schema.items === 'object' && hops < 8; hops += 1) schema = resolve(document, schema.items);
  return Boolean(schema && (Object.keys(schema.properties ?? {}).length > 0
    || typeof schema.additionalProperties === 'object' && schema.additionalProperties !== null
    || ['oneOf', 'anyOf', 'allOf'].some((keyword) => (schema[keyword] ?? []).some((one) => hasInside(document, one)))));
}

function limits(schema) {
  const words = [];
  const values = schema.enum ?? schema.items?.enum;
  if (values) words.push(`one of ${values.map((value) => JSON.stringify(value)).join(', ')}`);
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
  if (schema.pattern) words.push(`matches ${schema.pattern}`);
  const between = (low, high, what) => {
    if (low !== undefined && high !== undefined) words.push(`${low} to ${high}${what}`);
    else if (low !== undefined) words.push(`at least ${low}${what}`);
    else if (high !== undefined) words.push(`at most ${high}${what}`);
  };
  between(schema.minLength, schema.maxLength, ' characters');
  between(schema.minimum, schema.maximum, '');
  between(schema.minItems, schema.maxItems, ' items');
  return words.length > 0 ? element('p.schema-limits', {}, words.join('; ')) : null;
}

/** A sample value that fits the schema; given examples win. Cycles end after a few levels. */
export function sample(document, raw, depth = 0) {
  const schema = resolve(document, raw) ?? {};
  for (const given of [schema.example, schema.examples?.[0], schema.default, schema.const, schema.enum?.[0]]) {
    if (given !== undefined) return given;
  }
  if (depth > 5) return null;
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((one) => sample(document, one, depth + 1)));
  const choice = (schema.oneOf ?? schema.anyOf)?.find((one) => resolve(document, one)?.type !== 'null');
  if (choice) return sample(document, choice, depth + 1);
  switch ([schema.type ?? (schema.properties ? 'object' : null)].flat().find((type) => type !== 'null')) {
    case 'object': {
      const required = schema.required ?? Object.keys(schema.properties ?? {});
      return Object.fromEntries(Object.entries(schema.properties ?? {})
        .filter(([name]) => required.includes(name))
        .map(([name, property]) => [name, sample(document, property, depth + 1)]));
    }
    case 'array': return schema.items ? [sample(document, schema.items, depth + 1)] : [];
    case 'integer': case 'number': return schema.minimum ?? 1;
    case 'boolean': return true;
    case 'string': return { 'date-time': '2026-11-22T02:31:42Z', date: '2026-11-22', uuid: '0193c2a4-7b1e-7c3d-8a5f-2e4d6c8b0a1f', uri: 'https://example.org/', email: 'name@example.org' }[schema.format] ?? 'text';
    default: return null;
  }
}
