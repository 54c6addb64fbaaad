//! A key of a configuration: the flag of `run` that it is called after, and what may be its value.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::container::RunArgs;
use crate::config::value::Value;
use crate::env::{Env, Machine};
use crate::error::Usage;

/// One key. Its name is that of the flag, and so is what it does.
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    /// What counts where nobody says anything, in the words of the flag's help.
    pub default: &'static str,
    pub variable: Option<Variable>,
    /// Whether a value makes the wall lower than it is without: a project may not do that on its own.
    pub opens: fn(&Value, &Machine) -> bool,
    /// Refuses a text that the flag would refuse, too.
    pub check: fn(&str) -> Result<(), Usage>,
    pub slot: for<'a> fn(&'a mut RunArgs) -> Slot<'a>,
}

/// What stands behind the `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    /// A number, or a text with one.
    Number,
    List,
    Flag,
    /// A table of texts, whose names are the user's own.
    Table,
}

impl Form {
    /// For people, with an article.
    pub fn shown(self) -> &'static str {
        match self {
            Form::Text => "a text",
            Form::Number => "a number",
            Form::List => "a list of texts",
            Form::Flag => "true or false",
            Form::Table => "a table of texts",
        }
    }
}

/// A variable of the environment that stands for a key.
pub struct Variable {
    pub name: &'static str,
    pub of: fn(&Env) -> Option<&String>,
}

/// Where the command line has the flag's value.
pub enum Slot<'a> {
    Text(&'a mut String),
    Optional(&'a mut Option<String>),
    Path(&'a mut Option<PathBuf>),
    List(&'a mut Vec<String>),
    Flag(&'a mut bool),
    Choice(&'a mut dyn Choice),
}

/// One of several words.
pub trait Choice {
    /// False where it is none of them.
    fn choose(&mut self, word: &str) -> bool;
}

impl<T: ValueEnum> Choice for T {
    fn choose(&mut self, word: &str) -> bool {
        let chosen = T::from_str(word, false).ok();
        chosen.map(|chosen| *self = chosen).is_some()
    }
}

impl Slot<'_> {
    /// Puts a value that was checked in its place.
    pub fn put(self, value: &Value) {
        match (self, value) {
            (Slot::Text(place), Value::Text(text)) => place.clone_from(text),
            (Slot::Optional(place), Value::Text(text) | Value::Number(text)) => *place = Some(text.clone()),
            (Slot::Path(place), Value::Text(text)) => *place = Some(PathBuf::from(text)),
            (Slot::Choice(place), Value::Text(text)) => drop(place.choose(text)),
            (Slot::List(place), Value::List(items)) => place.clone_from(items),
            (Slot::Flag(place), Value::Flag(flag)) => *place = *flag,
            // A variable of the agent's, beside those that the command line gives.
            (Slot::List(place), Value::Text(pair)) => place.push(pair.clone()),
            _ => {}
        }
    }
}

/// Refuses what is none of a choice's words.
pub fn one_of<T: ValueEnum>(text: &str) -> Result<(), Usage> {
    let words = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
    match T::from_str(text, false) {
        Ok(_) => Ok(()),
        Err(_) => Err(Usage::new(format!("not one of {}", words.join(", ")))),
    }
}
