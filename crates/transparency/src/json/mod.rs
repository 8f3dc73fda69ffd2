//! A strict reader of I-JSON (RFC 7493, over RFC 8259).
//!
//! A signature over JSON is only worth something if every reader sees the same value
//! in the same bytes. Whatever two parsers could read differently is therefore refused
//! here, never repaired: duplicate member names, lone surrogates and noncharacters,
//! integers a double cannot hold, numbers that overflow, bytes that are not UTF-8, a
//! byte order mark, trailing data. Numbers keep their source text, because two of the
//! contracts sign that text and not the value.

mod number;
mod parser;
mod value;

pub use number::Number;
pub use parser::{Error, Limits, Problem, parse, parse_str};
pub use value::Value;
