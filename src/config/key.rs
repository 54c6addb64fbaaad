//! A key of a configuration: the flag that it is called after, of `run` or of another verb, and what may be its value.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::container::{BuildArgs, MergeArgs, RunArgs};
use crate::cli::given::Given;
use crate::config::value::Value;
use crate::env::{Env, Machine};
use crate::error::Usage;

/// One key. What it does is what its flag does.
pub struct Key {
    /// That of the flag; of a verb other than `run` behind the verb's name and a dot: the verb's keys stand in a table of their own.
    pub name: &'static str,
    pub form: Form,
    /// What counts where nobody says anything, in the words of the flag's help.
    pub default: &'static str,
    pub variable: Option<Variable>,
    /// Whether a value makes the wall lower than it is without: a project may not do that on its own.
    pub opens: fn(&Value, &Machine) -> bool,
    /// Refuses a text that the flag would refuse, too.
    pub check: fn(&str) -> Result<(), Usage>,
    pub place: Place,
}

impl Key {
    /// The flag, without its dashes.
    pub fn flag(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// The table that it stands in, where it stands in one.
    pub fn table(&self) -> Option<&'static str> {
        self.name.split_once('.').map(|(table, _)| table)
    }
}

/// The verb whose flag a key is, and where its command line has the value.
pub enum Place {
    Run(for<'a> fn(&'a mut RunArgs) -> Slot<'a>),
    Merge(for<'a> fn(&'a mut MergeArgs) -> Slot<'a>),
    Build(for<'a> fn(&'a mut BuildArgs) -> Slot<'a>),
}

/// The command line of a verb whose flags may stand in a configuration.
pub trait CommandLine: clap::Args {
    fn given(&self) -> &Given;

    /// Where the value of this key goes; `None` for those of other verbs.
    fn slot(&mut self, key: &Key) -> Option<Slot<'_>>;
}

/// The same for each verb.
macro_rules! command_line {
    ($args:ident, $verb:ident) => {
        impl CommandLine for $args {
            fn given(&self) -> &Given {
                &self.given
            }

            fn slot(&mut self, key: &Key) -> Option<Slot<'_>> {
                match key.place {
                    Place::$verb(slot) => Some(slot(self)),
                    _ => None,
                }
            }
        }
    };
}

command_line!(RunArgs, Run);
command_line!(MergeArgs, Merge);
command_line!(BuildArgs, Build);

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
    Choices(&'a mut dyn Choices),
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

/// Several of several words.
pub trait Choices {
    fn choose_all(&mut self, words: &[String]);
}

impl<T: ValueEnum> Choices for Vec<T> {
    fn choose_all(&mut self, words: &[String]) {
        *self = words.iter().filter_map(|word| T::from_str(word, false).ok()).collect();
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
            (Slot::Choices(place), Value::List(items)) => place.choose_all(items),
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
