// The API browser's reading of OpenAPI documents: references, cycles, groups, commands.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basePath, grouped, operations, resolve, security } from '../../assets/js/developers/document.js';

// The modules that build elements are loaded with the least of a document that they need.
class Node {
  constructor(text = '') { this.text = text; this.children = []; this.listeners = {}; this.attributes = {}; }
  append(...children) { this.children.push(...children); }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  querySelector() { return null; }
  get textContent() { return this.children.map((child) => child.textContent ?? String(child)).join(''); }
}
globalThis.document = { createElement: (tag) => Object.assign(new Node(), { tag }) };
const { curl } = await import('../../assets/js/developers/curl.js');
const { markdown } = await import('../../assets/js/developers/markdown.js');
const { sample, schemaTree, typeWord } = await import('../../assets/js/developers/schema.js');

const api = {
  openapi: '3.1.0',
  servers: [{ url: 'https://app.example.com/api/ext/' }],
  tags: [{ name: 'Second' }, { name: 'First' }],
  security: [{ Key: [] }],
  paths: {
    '/v1/nodes/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { tags: ['First'], summary: 'One node', responses: { 200: { $ref: '#/components/responses/Node' } } },
      put: { tags: ['Second'], security: [], parameters: [{ name: 'id', in: 'path', required: true, description: 'own' }], requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } } },
    },
    '/v1/untagged/it': { post: { requestBody: { content: { 'multipart/form-data': { schema: { required: ['title'], properties: { file: { type: 'string', format: 'binary' }, title: { type: 'string', example: "it's" } } } } } } } },
  },
  components: {
    securitySchemes: { Key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
    responses: { Node: { description: 'A node', content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } } },
    schemas: {
      Node: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, parent: { $ref: '#/components/schemas/Node' }, children: { type: 'array', items: { $ref: '#/components/schemas/Node' } } } },
      Loop: { $ref: '#/components/schemas/Loop' },
    },
  },
};

test('operations keep their order, share parameters and fall into groups', () => {
  const list = operations(api);
  assert.deepEqual(list.map(({ key }) => key), ['GET /v1/nodes/{id}', 'PUT /v1/nodes/{id}', 'POST /v1/untagged/it']);
  assert.deepEqual(list[1].parameters.map(({ description }) => description), ['own'], 'the operation’s own parameter wins');
  assert.deepEqual(grouped(api, list).map(([name]) => name), ['Second', 'First', 'untagged']);
  assert.equal(basePath(api), '/api/ext');
  assert.equal(basePath({}), '');
  assert.deepEqual(security(api, list[0]), ['header X-API-Key']);
  assert.deepEqual(security(api, list[1]), []);
});

test('references resolve, and those that cycle or lead nowhere end', () => {
  assert.equal(resolve(api, { $ref: '#/components/schemas/Node' }).type, 'object');
  assert.match(resolve(api, { $ref: '#/components/schemas/Loop' }).description, /Unresolved/);
  assert.match(resolve(api, { $ref: '#/nowhere' }).description, /Unresolved/);
  assert.match(resolve(api, { $ref: 'https://elsewhere.example/x' }).description, /Unresolved/);
  assert.equal(typeWord(api, { type: 'array', items: { $ref: '#/components/schemas/Node' } }), 'array of Node');
  assert.ok(schemaTree(api, { $ref: '#/components/schemas/Node' }));
  assert.deepEqual(sample(api, { $ref: '#/components/schemas/Node' }), { name: 'text' });
});

test('the shell command quotes what it is given and names the parts', () => {
  const [read, write, upload] = operations(api).map((operation) => curl(api, operation, 'https://here.example'));
  assert.equal(read, "curl 'https://here.example/v1/nodes/{id}' \\\n  -H 'X-API-Key: $KEY'");
  assert.match(write, /-d '\{\n {2}"name": "text"\n\}'/);
  assert.match(upload, /-F 'file=@FILE'/);
  assert.ok(upload.includes(`-F 'title=it'\\''s'`));
});

test('descriptions become elements; no markup or dangerous link comes through', () => {
  const blocks = markdown('Hello **bold `x`** <img onerror=x>\n\n- one\n- two\n\n```\n<b>\n```\n[a](javascript:alert(1)) [b](/ok) [c](//evil.example)');
  const tags = (node) => [node.tag, ...node.children.filter((child) => child.tag).flatMap(tags)];
  const all = blocks.flatMap(tags);
  assert.deepEqual(all, ['p', 'strong', 'code', 'ul', 'li', 'li', 'pre', 'code', 'p', 'a']);
  assert.ok(blocks[0].textContent.includes('<img onerror=x>'), 'shown as text');
});
