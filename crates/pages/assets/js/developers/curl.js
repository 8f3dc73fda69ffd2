// A command that calls the operation from a shell.
import { resolve } from './document.js';
import { sample } from './schema.js';

/** Quotes a word for a POSIX shell. */
const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * @param {object} document
 * @param {import('./document.js').Operation} operation
 * @param {string} base the server's address
 */
export function curl(document, operation, base) {
  const words = [`curl ${operation.method === 'GET' ? '' : `-X ${operation.method} `}${quote(base + operation.path)}`];
  for (const header of authentication(document, operation)) words.push(`-H ${quote(header)}`);
  for (const { name, required } of operation.parameters.filter((parameter) => parameter.in === 'header')) {
    if (required) words.push(`-H ${quote(`${name}: …`)}`);
  }
  const body = resolve(document, operation.definition.requestBody);
  const [type, media] = Object.entries(body?.content ?? {})[0] ?? [];
  if (type === 'multipart/form-data') {
    const schema = resolve(document, media.schema) ?? {};
    for (const [name, raw] of Object.entries(schema.properties ?? {})) {
      const property = resolve(document, raw);
      const isFile = property.format === 'binary' || property.contentMediaType !== undefined;
      if (isFile) words.push(`-F ${quote(`${name}=@FILE`)}`);
      else if (schema.required?.includes(name)) words.push(`-F ${quote(`${name}=${scalar(sample(document, raw))}`)}`);
    }
  } else if (type) {
    words.push(`-H ${quote(`Content-Type: ${type}`)}`);
    const example = media.example ?? Object.values(media.examples ?? {})[0]?.value ?? sample(document, media.schema);
    words.push(`-d ${quote(typeof example === 'string' ? example : JSON.stringify(example, null, 2))}`);
  }
  return words.join(' \\\n  ');
}

const scalar = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function authentication(document, operation) {
  const alternative = (operation.definition.security ?? document.security ?? [])[0] ?? {};
  return Object.keys(alternative).flatMap((name) => {
    const scheme = resolve(document, document.components?.securitySchemes?.[name]);
    if (scheme?.type === 'apiKey' && scheme.in === 'header') return [`${scheme.name}: $KEY`];
    if (scheme?.type === 'apiKey' && scheme.in === 'cookie') return [`Cookie: ${scheme.name}=$SESSION`];
    return ['Authorization: Bearer $KEY'];
  });
}
