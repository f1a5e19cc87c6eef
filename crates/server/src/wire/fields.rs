//! Reads the attributes of a body: each through its reader, all errors at once, leftovers by name.

use super::json::Json;
use super::text;
use crate::Problem;
use crate::problem::{FieldError, Reason};
use std::borrow::Cow;

/// Why a value will not do: what it has to be, to follow the attribute's name in a sentence.
pub type Rule = Cow<'static, str>;

/// A reader of one value.
pub type Read<T> = Result<T, Rule>;

/// The attributes of one JSON object, of which an operation takes what it knows.
pub struct Fields<'j> {
    members: Vec<Option<(&'j str, &'j Json)>>,
    path: String,
    ignore_unknown: bool,
    invalid: Vec<FieldError>,
    unknown: Vec<FieldError>,
}

impl<'j> Fields<'j> {
    /// The attributes of `object`; whatever is not an object has none.
    pub fn new(object: &'j Json, ignore_unknown: bool) -> Fields<'j> {
        Fields::below(String::new(), object, ignore_unknown)
    }

    fn below(path: String, object: &'j Json, ignore_unknown: bool) -> Fields<'j> {
        let members = match object {
            Json::Object(members) => members.iter().map(|(name, value)| Some((name.as_str(), value))).collect(),
            _ => Vec::new(),
        };
        Fields { members, path, ignore_unknown, invalid: Vec::new(), unknown: Vec::new() }
    }

    /// Takes an attribute out.
    fn take(&mut self, name: &str) -> Option<&'j Json> {
        let slot = self.members.iter_mut().find(|slot| slot.is_some_and(|(known, _)| known == name))?;
        slot.take().map(|(_, value)| value)
    }

    /// Says that an attribute is wrong.
    pub fn refuse(&mut self, name: &str, rule: impl Into<Rule>) {
        self.invalid.push(FieldError { path: format!("{}{name}", self.path), message: rule.into() });
    }

    /// Whether nothing was said against an attribute so far.
    pub fn is_right(&self, name: &str) -> bool {
        !self.invalid.iter().any(|wrong| wrong.path.strip_prefix(&self.path) == Some(name))
    }

    fn read<T>(&mut self, name: &str, value: &'j Json, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<T> {
        read(value).map_err(|rule| self.refuse(name, rule)).ok()
    }

    /// An attribute that may be absent or null.
    pub fn optional<T>(&mut self, name: &str, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<T> {
        let value = self.take(name).filter(|value| **value != Json::Null)?;
        self.read(name, value, read)
    }

    /// An attribute that has to be there. Where it is not right, its default stands in until [`Fields::finish`] refuses.
    pub fn required<T: Default>(&mut self, name: &str, read: impl FnOnce(&'j Json) -> Read<T>) -> T {
        match self.take(name) {
            None | Some(Json::Null) => {
                self.refuse(name, "is needed");
                T::default()
            }
            Some(value) => self.read(name, value, read).unwrap_or_default(),
        }
    }

    /// For a change: absent means unchanged, and it cannot be taken away.
    pub fn changed<T>(&mut self, name: &str, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<T> {
        match self.take(name)? {
            Json::Null => {
                self.refuse(name, "cannot be taken away");
                None
            }
            value => self.read(name, value, read),
        }
    }

    /// For a change: absent means unchanged, and null takes it away.
    pub fn removable<T>(&mut self, name: &str, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<Option<T>> {
        match self.take(name)? {
            Json::Null => Some(None),
            value => self.read(name, value, read).map(Some),
        }
    }

    /// A nested object that may be absent or null.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        let value = self.take(name).filter(|value| **value != Json::Null)?;
        self.nested(name, value, read)
    }

    /// For a change of a nested object: as [`Fields::removable`].
    pub fn removable_object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<Option<T>> {
        match self.take(name)? {
            Json::Null => Some(None),
            value => self.nested(name, value, read).map(Some),
        }
    }

    /// An array of objects that has to be there and not be empty.
    pub fn objects<T>(&mut self, name: &str, mut read: impl FnMut(&mut Fields<'j>) -> T) -> Vec<T> {
        match self.take(name) {
            Some(Json::Array(elements)) if !elements.is_empty() => {
                let numbered = elements.iter().enumerate();
                numbered.filter_map(|(n, element)| self.nested(&format!("{name}[{n}]"), element, &mut read)).collect()
            }
            Some(Json::Array(_)) | None => {
                self.refuse(name, "needs at least one element");
                Vec::new()
            }
            Some(_) => {
                self.refuse(name, "has to be an array");
                Vec::new()
            }
        }
    }

    fn nested<T>(&mut self, name: &str, value: &'j Json, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        if !matches!(value, Json::Object(_)) {
            self.refuse(name, "has to be an object");
            return None;
        }
        let mut inner = Fields::below(format!("{}{name}.", self.path), value, self.ignore_unknown);
        let result = read(&mut inner);
        inner.leftovers(None);
        self.invalid.append(&mut inner.invalid);
        self.unknown.append(&mut inner.unknown);
        Some(result)
    }

    /// Refuses what was wrong and what is left over.
    pub fn finish(mut self) -> Result<(), Problem> {
        self.leftovers(None);
        self.judge()
    }

    /// As [`Fields::finish`], for the change of an object that now reads `current`: what is left over and says what is
    /// there already is an echo of what was read.
    pub fn finish_against(mut self, current: &Json) -> Result<(), Problem> {
        self.leftovers(Some(current));
        self.judge()
    }

    fn leftovers(&mut self, current: Option<&Json>) {
        for (name, value) in std::mem::take(&mut self.members).into_iter().flatten() {
            match current.map(|current| current.get(name)) {
                Some(Some(stored)) if stored.says_the_same(value) => {}
                Some(Some(_)) => self.refuse(name, "cannot be changed"),
                _ if self.ignore_unknown => {}
                _ => {
                    let path = format!("{}{}", self.path, shown(name));
                    self.unknown.push(FieldError { path, message: "is not an attribute here".into() });
                }
            }
        }
    }

    fn judge(mut self) -> Result<(), Problem> {
        if !self.invalid.is_empty() {
            self.invalid.append(&mut self.unknown);
            return Err(Problem::fields(Reason::InvalidAttribute, self.invalid));
        }
        if !self.unknown.is_empty() {
            return Err(Problem::fields(Reason::UnknownAttribute, self.unknown));
        }
        Ok(())
    }
}

/// Names that are not ours are shown back shortened, and without characters that hide something.
fn shown(name: &str) -> String {
    name.chars().filter(|character| !text::is_hidden(*character)).take(text::NAME_MAX).collect()
}

#[cfg(test)]
mod tests;
