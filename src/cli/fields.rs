//! The flags of the optional fields of a task: one for each that the graph has.

use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::graph::model::fields::{FIELDS, Field};

/// What was typed for each field that was named.
#[derive(Clone, Debug, Default)]
pub struct FieldArgs(pub Vec<(&'static Field, String)>);

impl FieldArgs {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Args for FieldArgs {
    fn augment_args(command: Command) -> Command {
        command.args(FIELDS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(field: &'static Field) -> Arg {
    let (value_name, form) = field.kind.usage();
    let flag = field.flag.trim_start_matches('-');
    Arg::new(field.name).long(flag).value_name(value_name).help(format!("{}{form}; \"\" for none", field.help))
}

impl FromArgMatches for FieldArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let typed = FIELDS.iter().filter_map(|field| Some((field, matches.get_one::<String>(field.name)?.clone())));
        Ok(Self(typed.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
