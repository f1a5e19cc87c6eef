//! Reads the attributes of a body: each through its reader, all errors at once, leftovers by name.

use super::json::Json;
use super::parameters::{DRY_RUN, Parameters};
use super::shown;
use crate::Problem;
use crate::problem::{FieldError, Reason};
use std::borrow::Cow;

/// How many unknown attributes of an object are compared with the known ones.
const COMPARED_MAX: usize = 16;

/// A rule that a value does not keep: what it must be, to follow the attribute's name in a
/// sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    rule: Cow<'static, str>,
    /// Of a list, the element that is wrong.
    element: Option<usize>,
}

impl Wrong {
    /// The rule of one element of a list.
    pub(super) fn at(self, element: usize) -> Wrong {
        Wrong { element: Some(element), ..self }
    }

    /// The rule, to follow the attribute's name in a sentence.
    pub(crate) fn rule(&self) -> &str {
        &self.rule
    }
}

impl From<&'static str> for Wrong {
    fn from(rule: &'static str) -> Wrong {
        Wrong { rule: rule.into(), element: None }
    }
}

impl From<String> for Wrong {
    fn from(rule: String) -> Wrong {
        Wrong { rule: rule.into(), element: None }
    }
}

/// A reader of one value.
pub type Read<T> = Result<T, Wrong>;

/// A value as it was understood, in the one spelling by which requests under a key are compared.
pub trait Meant {
    /// The spelling; none: as it was sent.
    fn meant(&self) -> Option<Json> {
        None
    }
}

impl Meant for String {
    fn meant(&self) -> Option<Json> {
        Some(Json::Text(self.clone()))
    }
}

impl Meant for u32 {
    fn meant(&self) -> Option<Json> {
        Some(Json::Unsigned(u64::from(*self)))
    }
}

impl Meant for u64 {
    fn meant(&self) -> Option<Json> {
        Some(Json::Unsigned(*self))
    }
}

impl Meant for () {}

/// A body that was read: as it was sent, and as it was understood, without nulls and defaults.
pub struct Meaning<'j> {
    pub(crate) sent: &'j Json,
    pub(crate) meant: Json,
}

/// The attributes of one JSON object, of which an operation takes what it knows.
pub struct Fields<'j> {
    sent: &'j Json,
    members: Vec<Option<(&'j str, &'j Json)>>,
    /// The names that the operation asked for.
    asked: Vec<&'static str>,
    /// The valid attributes, without nulls and defaults.
    meant: Vec<(String, Json)>,
    path: String,
    ignore_unknown: bool,
    parameters: Option<Parameters>,
    invalid: Vec<FieldError>,
    unknown: Vec<FieldError>,
}

impl<'j> Fields<'j> {
    /// The attributes of `object`; whatever is not an object has none.
    pub fn new(object: &'j Json, ignore_unknown: bool) -> Fields<'j> {
        Fields::below(String::new(), object, ignore_unknown)
    }

    /// Of a body beside these parameters, which some look for in the body.
    #[must_use]
    pub fn beside(self, parameters: Parameters) -> Fields<'j> {
        Fields { parameters: Some(parameters), ..self }
    }

    fn below(path: String, object: &'j Json, ignore_unknown: bool) -> Fields<'j> {
        let members: Vec<_> = match object {
            Json::Object(members) => members.iter().map(|(name, value)| Some((name.as_str(), value))).collect(),
            _ => Vec::new(),
        };
        let (asked, meant) = (Vec::with_capacity(8), Vec::with_capacity(members.len()));
        let (invalid, unknown, parameters) = (Vec::new(), Vec::new(), None);
        Fields { sent: object, members, asked, meant, path, ignore_unknown, parameters, invalid, unknown }
    }

    /// Takes an attribute out.
    fn take(&mut self, name: &'static str) -> Option<&'j Json> {
        self.asked.push(name);
        let slot = self.members.iter_mut().find(|slot| slot.is_some_and(|(known, _)| known == name))?;
        slot.take().map(|(_, value)| value)
    }

    /// Says that an attribute is wrong; what was said against it first stands.
    pub fn refuse(&mut self, name: &str, rule: impl AsRef<str>) {
        if self.is_right(name) {
            self.invalid.push(FieldError::new(format!("{}{name}", self.path), rule));
        }
    }

    /// Whether nothing was said against an attribute so far.
    pub fn is_right(&self, name: &str) -> bool {
        !self.invalid.iter().any(|wrong| wrong.path.strip_prefix(&self.path) == Some(name))
    }

    fn read<T>(&mut self, name: &str, value: &'j Json, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<T> {
        read(value).map_err(|wrong| self.refuse_value(name, value, &wrong)).ok()
    }

    fn refuse_value(&mut self, name: &str, value: &Json, wrong: &Wrong) {
        match (wrong.element, value) {
            (Some(n), Json::Array(elements)) if n < elements.len() => {
                self.refuse(&format!("{name}[{n}]"), shown::but(name, &elements[n], &wrong.rule));
            }
            _ => self.refuse(name, shown::but(name, value, &wrong.rule)),
        }
    }

    fn read_meant<T: Meant>(
        &mut self,
        name: &str,
        value: &'j Json,
        read: impl FnOnce(&'j Json) -> Read<T>,
    ) -> Option<T> {
        let read = self.read(name, value, read)?;
        self.meant.push((name.to_owned(), read.meant().unwrap_or_else(|| value.clone())));
        Some(read)
    }

    /// An attribute that may be absent or null.
    pub fn optional<T: Meant>(&mut self, name: &'static str, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<T> {
        let value = self.take(name).filter(|value| **value != Json::Null)?;
        self.read_meant(name, value, read)
    }

    /// As [`Fields::optional`], with what it is where it is absent; saying that is as saying
    /// nothing.
    pub fn defaulted<T: Meant + PartialEq>(
        &mut self,
        name: &'static str,
        default: Option<T>,
        read: impl FnOnce(&'j Json) -> Read<T>,
    ) -> Option<T> {
        let value = self.optional(name, read);
        if value.is_some() && value == default {
            self.meant.pop();
        }
        value.or(default)
    }

    /// As [`Fields::defaulted`], where there is always a default.
    pub fn or<T: Meant + PartialEq + Clone>(
        &mut self,
        name: &'static str,
        default: T,
        read: impl FnOnce(&'j Json) -> Read<T>,
    ) -> T {
        self.defaulted(name, Some(default.clone()), read).unwrap_or(default)
    }

    /// An attribute that must be there. Where it is not right, its default stands in until
    /// [`Fields::finish`] refuses.
    pub fn required<T: Default + Meant>(&mut self, name: &'static str, read: impl FnOnce(&'j Json) -> Read<T>) -> T {
        match self.take(name) {
            None | Some(Json::Null) => {
                self.refuse(name, "is missing");
                T::default()
            }
            Some(value) => self.read_meant(name, value, read).unwrap_or_default(),
        }
    }

    /// For a change: absent means unchanged, and it cannot be taken away.
    pub fn changed<T>(&mut self, name: &'static str, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<T> {
        match self.take(name)? {
            Json::Null => {
                self.refuse(name, "is null, but cannot be removed; leave it out to keep its value");
                None
            }
            value => self.read(name, value, read),
        }
    }

    /// For a change: absent means unchanged, and null takes it away.
    pub fn removable<T>(&mut self, name: &'static str, read: impl FnOnce(&'j Json) -> Read<T>) -> Option<Option<T>> {
        match self.take(name)? {
            Json::Null => Some(None),
            value => self.read(name, value, read).map(Some),
        }
    }

    /// A nested object that may be absent or null.
    pub fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        let value = self.take(name).filter(|value| **value != Json::Null)?;
        let (read, meant) = self.nested(name, value, read)?;
        self.meant.push((name.to_owned(), meant));
        Some(read)
    }

    /// For a change of a nested object: as [`Fields::removable`].
    pub fn removable_object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'j>) -> T,
    ) -> Option<Option<T>> {
        match self.take(name)? {
            Json::Null => Some(None),
            value => self.nested(name, value, read).map(|(read, _)| Some(read)),
        }
    }

    /// An array of objects that must be there and not be empty.
    pub fn objects<T>(&mut self, name: &'static str, mut read: impl FnMut(&mut Fields<'j>) -> T) -> Vec<T> {
        match self.take(name) {
            Some(Json::Array(elements)) if !elements.is_empty() => {
                let numbered = elements.iter().enumerate();
                let nested =
                    numbered.filter_map(|(n, element)| self.nested(&format!("{name}[{n}]"), element, &mut read));
                let (read, meant) = nested.unzip();
                self.meant.push((name.to_owned(), Json::Array(meant)));
                return read;
            }
            None | Some(Json::Null) => self.refuse(name, "is missing"),
            Some(value) => self.refuse_value(name, value, &"must be an array of at least one object".into()),
        }
        Vec::new()
    }

    fn nested<T>(&mut self, name: &str, value: &'j Json, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<(T, Json)> {
        if !matches!(value, Json::Object(_)) {
            self.refuse_value(name, value, &"must be an object".into());
            return None;
        }
        let mut inner = Fields::below(format!("{}{name}.", self.path), value, self.ignore_unknown);
        let result = read(&mut inner);
        inner.leftovers(None);
        self.invalid.append(&mut inner.invalid);
        self.unknown.append(&mut inner.unknown);
        Some((result, Json::Object(inner.meant)))
    }

    /// Refuses what was wrong and what is left over; else, what the body meant.
    pub fn finish(mut self) -> Result<Meaning<'j>, Problem> {
        self.leftovers(None);
        let (sent, meant) = (self.sent, Json::Object(std::mem::take(&mut self.meant)));
        self.judge().map(|()| Meaning { sent, meant })
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
                Some(Some(_)) => {
                    let rule = "cannot be changed; leave it out or send the current value";
                    self.refuse_value(name, value, &rule.into());
                }
                _ if self.ignore_unknown && !self.is_precaution(name) => {}
                _ => self.refuse_unknown(name, current),
            }
        }
    }

    /// Whether an attribute asks for a dry run, in the wrong place: nobody wants that ignored.
    fn is_precaution(&self, name: &str) -> bool {
        self.parameters.is_some_and(|parameters| parameters.meant_by(name) == Some(DRY_RUN))
    }

    fn refuse_unknown(&mut self, name: &str, current: Option<&Json>) {
        let hint = match self.parameters.and_then(|parameters| Some((parameters, parameters.meant_by(name)?))) {
            Some((parameters, parameter)) => {
                format!("; {parameter} belongs in the query: {}", parameters.example(parameter))
            }
            None if self.unknown.len() < COMPARED_MAX => {
                let current = match current {
                    Some(Json::Object(members)) => members.as_slice(),
                    _ => &[],
                };
                let known = current.iter().map(|(name, _)| name.as_str()).chain(self.asked.iter().copied());
                shown::did_you_mean(name, known)
            }
            None => String::new(),
        };
        let message = format!("unknown attribute '{}{}'{hint}", self.path, shown::name(name)).into();
        self.unknown.push(FieldError { path: format!("{}{}", self.path, shown::path(name)), message });
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

#[cfg(test)]
mod tests;
