// A strict JSON reader (RFC 8259 within RFC 7493, I-JSON): what JSON.parse lets pass in silence is
// an error here, because two readers of a signed document must never see two documents. Refused:
// duplicate keys, lone surrogates, trailing data, integers that a double cannot hold, deep nesting.

const MAX_DEPTH = 64;
const LIMIT = 2 ** 53;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Reads one JSON text. Objects have no prototype, so that a key named `__proto__` is only a key.
 * @param {string} text
 * @returns {unknown}
 * @throws {SyntaxError} saying what is wrong and where
 */
export function parseJson(text) {
  let at = 0;

  const fail = (what) => { throw new SyntaxError(`${what} at character ${at}`); };
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return null;
    at = pattern.lastIndex;
    return match[0];
  };
  const skip = () => take(SPACE);
  const expect = (char) => {
    if (text[at] !== char) fail(`expected “${char}”`);
    at += 1;
  };

  const string = () => {
    const source = take(STRING);
    if (source === null) fail('expected a string');
    const value = JSON.parse(source);
    if (/\p{Surrogate}/u.test(value)) fail('lone surrogate');
    return value;
  };

  const number = () => {
    const source = take(NUMBER);
    if (source === null) fail('expected a value');
    const value = Number(source);
    if (!Number.isFinite(value)) fail('number out of range');
    // 2^53 + 1 is read as 2^53, so the limit itself is taken only in its own spelling.
    if (Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER && source !== String(LIMIT) && source !== String(-LIMIT)) fail('integer beyond 2^53');
    return value;
  };

  const members = (close, one) => {
    at += 1;
    skip();
    if (text[at] === close) { at += 1; return; }
    for (;;) {
      skip();
      one();
      skip();
      if (text[at] === close) { at += 1; return; }
      expect(',');
    }
  };

  const value = (depth) => {
    if (depth > MAX_DEPTH) fail('nested too deeply');
    switch (text[at]) {
      case '{': {
        const object = Object.create(null);
        members('}', () => {
          const key = string();
          if (key in object) fail(`duplicate key “${key}”`);
          skip();
          expect(':');
          skip();
          object[key] = value(depth + 1);
        });
        return object;
      }
      case '[': {
        const array = [];
        members(']', () => array.push(value(depth + 1)));
        return array;
      }
      case '"': return string();
      case 't': case 'f': case 'n':
        for (const [word, meaning] of [['true', true], ['false', false], ['null', null]]) {
          if (text.startsWith(word, at)) { at += word.length; return meaning; }
        }
        return fail('expected a value');
      default: return number();
    }
  };

  skip();
  const result = value(1);
  skip();
  if (at < text.length) fail('unexpected data');
  return result;
}
