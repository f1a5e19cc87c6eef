//! A strict JSON reader on top of `serde_json`'s parser: what programs would read differently is refused.
//!
//! Duplicate keys (at any depth), lone surrogates, U+0000, numbers that a double or 64 bits cannot hold, nesting deeper
//! than [`DEPTH_MAX`], arrays and objects longer than [`LENGTH_MAX`], and anything after the value.

use super::shown;
use crate::Problem;
use crate::problem::Reason;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

/// How deep values may be nested.
pub const DEPTH_MAX: usize = 32;
/// How many elements an array, or attributes an object, may have.
pub const LENGTH_MAX: usize = 1000;
/// Up to so many attributes a new name is compared with each one before it; beyond, it is looked
/// up.
const COMPARED_MAX: usize = 16;
/// Beyond this a double does not hold every integer.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// A JSON value, its object attributes in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the kinds of JSON values")]
pub enum Json {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Fraction(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[derive(Clone, Copy)]
enum Fault {
    DuplicateKey,
    TooDeep,
    TooLong,
    NulCharacter,
    NumberOutOfRange,
}

/// Reads a body that has to be one JSON object.
pub fn parse_object(body: &[u8]) -> Result<Json, Problem> {
    if body.trim_ascii().is_empty() {
        let message = "the body is empty; this operation takes a JSON object";
        return Err(Problem::new(Reason::MalformedJson, message));
    }
    match parse(body)? {
        object @ Json::Object(_) => Ok(object),
        other => {
            let message = format!("the body {}", shown::but("", &other, "must be one JSON object"));
            Err(Problem::new(Reason::InvalidBody, message))
        }
    }
}

/// Reads one JSON value.
pub fn parse(text: &[u8]) -> Result<Json, Problem> {
    let fault = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Value { depth: 0, fault: &fault }.deserialize(&mut reader);
    let whole = value.and_then(|value| reader.end().map(|()| value));
    whole.map_err(|error| problem(fault.get(), &error))
}

fn problem(fault: Option<Fault>, error: &serde_json::Error) -> Problem {
    let at = format!("line {}, column {}", error.line(), error.column());
    let syntax = error.to_string();
    // The parser tells a number that no double holds by its sentence alone.
    let fault = fault.or_else(|| syntax.starts_with("number out of range").then_some(Fault::NumberOutOfRange));
    let (what, remedy) = match fault {
        Some(Fault::DuplicateKey) => return Problem::new(Reason::DuplicateKey, format!("{syntax}: send it once")),
        Some(Fault::TooDeep) => ("values are nested deeper than 32", "nest less"),
        Some(Fault::TooLong) => ("an array or object has more than 1000 elements", "split the request"),
        Some(Fault::NulCharacter) => ("a text holds the character U+0000", "remove it"),
        Some(Fault::NumberOutOfRange) => ("a number is out of range", "send a smaller one"),
        None => return Problem::new(Reason::MalformedJson, format!("the body is not JSON: {syntax}")),
    };
    Problem::new(Reason::InvalidBody, format!("the body is refused: {what} ({at}); {remedy}"))
}

#[derive(Clone, Copy)]
struct Value<'f> {
    depth: usize,
    fault: &'f Cell<Option<Fault>>,
}

impl Value<'_> {
    fn fail<T, E: Error>(self, fault: Fault) -> Result<T, E> {
        self.fault.set(Some(fault));
        Err(E::custom("refused"))
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return self.fail(Fault::TooDeep);
        }
        Ok(Value { depth: self.depth + 1, ..self })
    }

    fn text<E: Error>(self, text: Cow<'_, str>) -> Result<String, E> {
        if text.contains('\0') { self.fail(Fault::NulCharacter) } else { Ok(text.into_owned()) }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        // An integer that 64 bits cannot hold comes here too, already rounded.
        if value.is_finite() && value.abs() <= INTEGER_MAX {
            Ok(Json::Fraction(value))
        } else {
            self.fail(Fault::NumberOutOfRange)
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        self.text(Cow::Borrowed(value)).map(Json::Text)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        self.text(Cow::Owned(value)).map(Json::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let element = self.deeper()?;
        let mut array = Vec::new();
        while let Some(value) = elements.next_element_seed(element)? {
            if array.len() == LENGTH_MAX {
                return self.fail(Fault::TooLong);
            }
            array.push(value);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut attributes: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut object: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = attributes.next_key::<Cow<'de, str>>()? {
            let name = self.text(name)?;
            if is_known(&object, &mut names, &name) {
                self.fault.set(Some(Fault::DuplicateKey));
                return Err(A::Error::custom(format!("an object has the attribute {} twice", shown::quoted(&name))));
            }
            if object.len() == LENGTH_MAX {
                return self.fail(Fault::TooLong);
            }
            let value = attributes.next_value_seed(inner)?;
            object.push((name, value));
        }
        Ok(Json::Object(object))
    }
}

/// Whether an object has an attribute of this name, in constant time however many it has.
fn is_known(object: &[(String, Json)], names: &mut HashSet<String>, name: &str) -> bool {
    if object.len() < COMPARED_MAX {
        return object.iter().any(|(known, _)| known == name);
    }
    if names.is_empty() {
        names.extend(object.iter().map(|(known, _)| known.clone()));
    }
    !names.insert(name.to_owned())
}

impl Json {
    /// The attribute of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether both say the same, whatever the order of attributes.
    pub fn says_the_same(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Object(mine), Json::Object(theirs)) => {
                let pairs = sorted(mine).into_iter().zip(sorted(theirs));
                mine.len() == theirs.len()
                    && pairs.into_iter().all(|(one, its)| one.0 == its.0 && one.1.says_the_same(&its.1))
            }
            (Json::Array(mine), Json::Array(theirs)) => {
                mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(one, its)| one.says_the_same(its))
            }
            _ => self == other,
        }
    }

    /// Appends the one spelling of this value: attributes sorted by name, no spaces.
    pub fn write_canonical(&self, text: &mut Vec<u8>) {
        match self {
            Json::Array(elements) => {
                text.push(b'[');
                for element in elements {
                    element.write_canonical(text);
                    text.push(b',');
                }
                text.push(b']');
            }
            Json::Object(members) => {
                text.push(b'{');
                for (name, value) in sorted(members) {
                    crate::answer::write_json(name, text);
                    text.push(b':');
                    value.write_canonical(text);
                    text.push(b',');
                }
                text.push(b'}');
            }
            scalar => crate::answer::write_json(scalar, text),
        }
    }
}

/// The attributes of an object by name.
fn sorted(members: &[(String, Json)]) -> Vec<&(String, Json)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    sorted
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Unsigned(value) => serializer.serialize_u64(*value),
            Json::Negative(value) => serializer.serialize_i64(*value),
            Json::Fraction(value) => serializer.serialize_f64(*value),
            Json::Text(value) => serializer.serialize_str(value),
            Json::Array(elements) => serializer.collect_seq(elements),
            Json::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

#[cfg(test)]
mod tests;
