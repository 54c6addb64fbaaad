//! The optional fields that one task has, and what is to be different about them.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::graph::model::fields::{FIELDS, Field, FieldValue};

/// The names of all fields, as serde asks for them.
const NAMES: [&str; FIELDS.len()] = {
    let mut names = [""; FIELDS.len()];
    let mut index = 0;
    while index < FIELDS.len() {
        names[index] = FIELDS[index].name;
        index += 1;
    }
    names
};

/// The optional fields of one task. In JSON each is there, and null where the task has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields([Option<FieldValue>; FIELDS.len()]);

impl Fields {
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        self.iter().find(|(field, _)| field.name == name).and_then(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static Field, Option<&FieldValue>)> {
        FIELDS.iter().zip(self.0.iter().map(Option::as_ref))
    }

    /// Made of what `value` says of each field.
    pub fn try_new<E>(mut value: impl FnMut(&'static Field) -> Result<Option<FieldValue>, E>) -> Result<Self, E> {
        let mut fields = Self::default();
        for (place, field) in fields.0.iter_mut().zip(&FIELDS) {
            *place = value(field)?;
        }
        Ok(fields)
    }

    pub fn put(&mut self, field: &Field, value: Option<FieldValue>) {
        if let Some(place) = FIELDS.iter().position(|known| known.name == field.name) {
            self.0[place] = value;
        }
    }

    /// Makes the changes.
    pub fn apply(&mut self, changes: &FieldChanges) {
        for (place, change) in self.0.iter_mut().zip(&changes.0) {
            if let Some(value) = change {
                place.clone_from(value);
            }
        }
    }

    /// The same in a list, which has some of the fields.
    pub fn listed(self) -> ListedFields {
        ListedFields(self)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(FIELDS.len()))?;
        self.iter().try_for_each(|(field, value)| map.serialize_entry(field.name, &value))?;
        map.end()
    }
}

/// The fields that the task has, and no others.
pub fn present<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let present = fields.iter().filter_map(|(field, value)| Some((field, value?)));
    present.into_iter().try_for_each(|(field, value)| map.serialize_entry(field.name, value))?;
    map.end()
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Self::default();
        fields.apply(&FieldChanges::deserialize(deserializer)?);
        Ok(fields)
    }
}

/// The fields that a task has in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ListedFields(Fields);

impl ListedFields {
    pub fn iter(&self) -> impl Iterator<Item = (&'static Field, Option<&FieldValue>)> {
        self.0.iter().filter(|(field, _)| field.listed)
    }
}

impl Serialize for ListedFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.iter().try_for_each(|(field, value)| map.serialize_entry(field.name, &value))?;
        map.end()
    }
}

/// What is to be different: per field nothing, or the new value, or that it has none any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldChanges([Option<Option<FieldValue>>; FIELDS.len()]);

impl FieldChanges {
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    pub fn set(&mut self, field: &Field, value: Option<FieldValue>) {
        if let Some(place) = FIELDS.iter().position(|known| known.name == field.name) {
            self.0[place] = Some(value);
        }
    }
}

/// An object without the keys of the fields, and what those say: whoever reads the rest strictly finds no key that it does not know.
pub fn split<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Value, FieldChanges), D::Error> {
    let mut rest = Map::deserialize(deserializer)?;
    let mut changes = FieldChanges::default();
    for field in &FIELDS {
        if let Some(value) = rest.remove(field.name) {
            changes.set(field, field.read_json(value).map_err(D::Error::custom)?);
        }
    }
    Ok((Value::Object(rest), changes))
}

impl Serialize for FieldChanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (field, change) in FIELDS.iter().zip(&self.0) {
            if let Some(value) = change {
                map.serialize_entry(field.name, value)?;
            }
        }
        map.end()
    }
}

/// Other keys are left to whoever asked for these fields among its own.
impl<'de> Deserialize<'de> for FieldChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Fields", &NAMES, ChangesVisitor)
    }
}

struct ChangesVisitor;

impl<'de> Visitor<'de> for ChangesVisitor {
    type Value = FieldChanges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields of a task")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldChanges, A::Error> {
        let mut changes = FieldChanges::default();
        while let Some(key) = map.next_key::<String>()? {
            let Some(field) = Field::of(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            changes.set(field, field.read_json(map.next_value()?).map_err(A::Error::custom)?);
        }
        Ok(changes)
    }
}
