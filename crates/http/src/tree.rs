//! Reading what the strict JSON reader returns into a type.

use colophon_transparency::json::{Number, Value};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// A value on its way into a type. What has fields is an object, and never a list of what they
/// hold, which `serde_json` would take too.
pub(crate) struct Tree<'de>(pub(crate) &'de Value);

type Result<T> = std::result::Result<T, serde_json::Error>;

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match integer(number) {
                Some(integer) => visitor.visit_i64(integer),
                None => visitor.visit_f64(number.as_f64()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Tree));
                let list = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(list)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (&**name, Tree(value)));
                let mut members = MapDeserializer::new(members);
                let object = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(object)
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0 {
            Value::Array(_) => Err(Self::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0 {
            Value::String(text) => {
                let text: serde::de::value::StrDeserializer<'_, Self::Error> =
                    text.as_str().into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            _ => Err(Self::Error::custom(format_args!(
                "must be one of {}",
                variants.join(", ")
            ))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The number as an integer, if it is one, however it is written: `1.0` and `1e3` are (JSON
/// Schema).
fn integer(number: &Number) -> Option<i64> {
    /// 2^53: the strict reader takes no integer beyond that is written as one.
    const MOST: f64 = 9_007_199_254_740_992.0;
    let double = number.as_f64();
    (double.fract() == 0.0 && double.abs() <= MOST).then_some(double as i64)
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Tree<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
