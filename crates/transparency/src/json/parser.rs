//! The recursive-descent parser behind [`parse`].

use std::collections::HashSet;

use super::{Number, Value};

/// What a document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest accepted document, in bytes.
    pub max_bytes: usize,
    /// How many arrays and objects may be open at once.
    pub max_depth: usize,
}

impl Default for Limits {
    /// 1 MiB and 64 levels.
    fn default() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_depth: 64,
        }
    }
}

/// Why a document was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {offset}")]
pub struct Error {
    /// Bytes from the start of the document to the offending token.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// The reasons for refusing a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Longer than [`Limits::max_bytes`].
    #[error("the document is longer than {limit} bytes")]
    TooLong {
        /// The limit that was in force.
        limit: usize,
    },
    /// Deeper than [`Limits::max_depth`].
    #[error("more than {limit} nested arrays and objects")]
    TooDeep {
        /// The limit that was in force.
        limit: usize,
    },
    /// Not UTF-8; raw surrogates are also not UTF-8.
    #[error("invalid UTF-8")]
    NotUtf8,
    /// U+FEFF before the value (RFC 8259 §8.1).
    #[error("a byte order mark")]
    ByteOrderMark,
    /// The document stops inside a value.
    #[error("unexpected end of the document")]
    UnexpectedEnd,
    /// Something else than the grammar allows here.
    #[error("expected {expected}")]
    Expected {
        /// What the grammar allows.
        expected: &'static str,
    },
    /// Bytes after the value.
    #[error("data after the end of the value")]
    TrailingData,
    /// A member name for the second time (RFC 7493 §2.3).
    #[error("duplicate member name {name:?}")]
    DuplicateName {
        /// The repeated name.
        name: String,
    },
    /// A `\u` escape of half a surrogate pair (RFC 7493 §2.1).
    #[error("lone surrogate in a string")]
    LoneSurrogate,
    /// A code point that Unicode reserves for internal use (RFC 7493 §2.1).
    #[error("Unicode noncharacter in a string")]
    Noncharacter,
    /// A backslash and something JSON does not define.
    #[error("invalid escape in a string")]
    InvalidEscape,
    /// A control character below U+0020 that is not escaped.
    #[error("unescaped control character in a string")]
    ControlCharacter,
    /// Not a JSON number.
    #[error("invalid number")]
    InvalidNumber,
    /// An integer that not every reader would see as the same number (RFC 7493 §2.2).
    #[error("integer beyond ±2^53 that JSON readers would round")]
    InexactInteger,
    /// A number beyond the range of a double.
    #[error("number too large for a double")]
    NumberOverflow,
}

/// Reads one I-JSON value from a whole document.
///
/// # Errors
/// The first [`Problem`], with its byte offset.
pub fn parse(document: &[u8], limits: Limits) -> Result<Value, Error> {
    let fail = |offset, problem| Err(Error { offset, problem });
    if document.len() > limits.max_bytes {
        let limit = limits.max_bytes;
        return fail(limit, Problem::TooLong { limit });
    }
    let text = match std::str::from_utf8(document) {
        Ok(text) => text,
        Err(error) => return fail(error.valid_up_to(), Problem::NotUtf8),
    };
    if text.starts_with('\u{feff}') {
        return fail(0, Problem::ByteOrderMark);
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        limits,
    };
    parser.skip_whitespace();
    let value = parser.value()?;
    parser.skip_whitespace();
    if parser.at < text.len() {
        return fail(parser.at, Problem::TrailingData);
    }
    Ok(value)
}

/// [`parse`] with the default [`Limits`].
///
/// # Errors
/// As [`parse`].
pub fn parse_str(document: &str) -> Result<Value, Error> {
    parse(document.as_bytes(), Limits::default())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    limits: Limits,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn fail<T>(&self, problem: Problem) -> Result<T, Error> {
        self.fail_at(self.at, problem)
    }

    fn fail_at<T>(&self, offset: usize, problem: Problem) -> Result<T, Error> {
        Err(Error { offset, problem })
    }

    fn unexpected<T>(&self, expected: &'static str) -> Result<T, Error> {
        self.fail(match self.peek() {
            Some(_) => Problem::Expected { expected },
            None => Problem::UnexpectedEnd,
        })
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Value, Error> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => self.unexpected("a value"),
        }
    }

    fn literal(&mut self, word: &'static str, value: Value) -> Result<Value, Error> {
        let rest = self.slice(self.at, self.text.len());
        if !rest.starts_with(word) {
            return self.fail(Problem::Expected {
                expected: "true, false or null",
            });
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        if self.depth == self.limits.max_depth {
            let limit = self.limits.max_depth;
            return self.fail(Problem::TooDeep { limit });
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, Error> {
        let mut items = Vec::new();
        self.skip_whitespace();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_whitespace();
            items.push(self.value()?);
            self.skip_whitespace();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return self.unexpected("a comma or the end of the array");
            }
        }
    }

    fn object(&mut self) -> Result<Value, Error> {
        let mut members = Vec::new();
        let mut names = HashSet::new();
        self.skip_whitespace();
        if self.eat(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_whitespace();
            if self.peek() != Some(b'"') {
                return self.unexpected("a member name");
            }
            let start = self.at;
            let name = self.string()?;
            if !names.insert(name.clone()) {
                return self.fail_at(start, Problem::DuplicateName { name });
            }
            self.skip_whitespace();
            if !self.eat(b':') {
                return self.unexpected("a colon");
            }
            self.skip_whitespace();
            let value = self.value()?;
            members.push((name, value));
            self.skip_whitespace();
            if self.eat(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.eat(b',') {
                return self.unexpected("a comma or the end of the object");
            }
        }
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            while matches!(self.peek(), Some(byte) if byte >= 0x20 && byte != b'"' && byte != b'\\')
            {
                self.at += 1;
            }
            let run = self.slice(start, self.at);
            let noncharacter = |run: &str| run.char_indices().find(|(_, c)| is_noncharacter(*c));
            if !run.is_ascii()
                && let Some((offset, _)) = noncharacter(run)
            {
                return self.fail_at(start + offset, Problem::Noncharacter);
            }
            text.push_str(run);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return self.fail(Problem::ControlCharacter),
                None => return self.fail(Problem::UnexpectedEnd),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let start = self.at;
        self.at += 1;
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            Some(_) => return self.fail_at(start, Problem::InvalidEscape),
            None => return self.fail(Problem::UnexpectedEnd),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, Error> {
        let first = self.code_unit(start)?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.slice(self.at, self.at + 2).starts_with("\\u") {
                return self.fail_at(start, Problem::LoneSurrogate);
            }
            self.at += 1;
            let second = self.code_unit(start)?;
            if !(0xdc00..0xe000).contains(&second) {
                return self.fail_at(start, Problem::LoneSurrogate);
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some(c) if is_noncharacter(c) => self.fail_at(start, Problem::Noncharacter),
            Some(c) => Ok(c),
            None => self.fail_at(start, Problem::LoneSurrogate),
        }
    }

    /// Reads `uXXXX`; the position is on the `u`.
    fn code_unit(&mut self, start: usize) -> Result<u32, Error> {
        let digits = self.slice(self.at + 1, self.at + 5);
        if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return self.fail_at(start, Problem::InvalidEscape);
        }
        self.at += 5;
        u32::from_str_radix(digits, 16).or_else(|_| self.fail_at(start, Problem::InvalidEscape))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Number, Error> {
        let start = self.at;
        let invalid = |parser: &Self| parser.fail_at(start, Problem::InvalidNumber);
        self.eat(b'-');
        if !self.eat(b'0') && self.digits() == 0 {
            return invalid(self);
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return invalid(self);
        }
        if self.eat(b'.') && self.digits() == 0 {
            return invalid(self);
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            if self.digits() == 0 {
                return invalid(self);
            }
        }
        let text = self.slice(start, self.at);
        Number::read(text).or_else(|problem| self.fail_at(start, problem))
    }
}

/// U+FDD0..U+FDEF and the last two code points of every plane.
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn problem(document: &[u8]) -> (usize, Problem) {
        match parse(document, Limits::default()) {
            Ok(value) => unreachable!("{document:?} was read as {value:?}"),
            Err(error) => (error.offset, error.problem),
        }
    }

    #[test]
    fn reads_every_kind_of_value_and_keeps_number_text_and_member_order() {
        let value = parse_str(" {\"b\":[1.50,-0,true,null],\"a\":\"\\u00e9\\ud83d\\ude00\\/\"}\n");
        let number = |text| Value::Number(Number::read(text).unwrap());
        let expected = Value::object([
            (
                "b",
                Value::Array(vec![
                    number("1.50"),
                    number("-0"),
                    Value::Bool(true),
                    Value::Null,
                ]),
            ),
            ("a", Value::from("é😀/")),
        ]);
        assert_eq!(value, Ok(expected));
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        let name = "a".to_owned();
        assert_eq!(
            problem(br#"{"a":1,"\u0061":2}"#),
            (7, Problem::DuplicateName { name })
        );
        assert_eq!(problem(br#"["\ud800"]"#), (2, Problem::LoneSurrogate));
        assert_eq!(problem(br#"["\udc00x"]"#), (2, Problem::LoneSurrogate));
        assert_eq!(problem(br#"["\ud800\u0041"]"#), (2, Problem::LoneSurrogate));
        assert_eq!(problem(b"[\"\xed\xa0\x80\"]"), (2, Problem::NotUtf8));
        assert_eq!(problem(br#"["\uffff"]"#), (2, Problem::Noncharacter));
        assert_eq!(
            problem("[\"a\u{fdd0}\"]".as_bytes()),
            (3, Problem::Noncharacter)
        );
        assert_eq!(problem(b"\xef\xbb\xbf{}"), (0, Problem::ByteOrderMark));
        assert_eq!(problem(b"{} {}"), (3, Problem::TrailingData));
        assert_eq!(problem(b"1e309"), (0, Problem::NumberOverflow));
    }

    #[test]
    fn refuses_what_the_grammar_does_not_allow() {
        let limit = 64;
        let deep = "[".repeat(65);
        assert_eq!(problem(deep.as_bytes()), (64, Problem::TooDeep { limit }));
        assert!(parse_str(&("[".repeat(64) + &"]".repeat(64))).is_ok());
        for bad in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "'a'",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "nul",
            "NaN",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"",
            "[1 2]",
            "{\"a\" 1}",
            "\"\\u12",
            "/**/1",
            "[1],",
        ] {
            assert!(parse_str(bad).is_err(), "{bad}");
        }
        let limits = Limits {
            max_bytes: 3,
            max_depth: 1,
        };
        assert!(parse(b"[1]", limits).is_ok());
        assert!(parse(b"[12]", limits).is_err());
    }
}
