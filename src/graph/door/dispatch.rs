//! From the name of a request to what carries it out.

use std::io::{self, Write};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::failpoint::{self, Point};
use crate::graph::door::protocol::{Question, REQUEST_MAX};
use crate::graph::error::GraphError;
use crate::graph::model::rights::{OPERATIONS_MAX, Rights, Rule};
use crate::graph::requests::{self, At, Request};

/// Why there is no answer.
pub enum Failed {
    Refused(GraphError),
    /// This program does not know the request, or a part of it.
    Unknown(String),
    Write(io::Error),
    /// Nobody is there any more to hear it.
    Unheard,
}

/// Carries a request out, and writes its answer. What only asks is left undone where nobody is there any more to hear it.
pub fn perform(question: &Question, at: &At, to: &mut impl Write, is_gone: &dyn Fn() -> bool) -> Result<(), Failed> {
    use requests as r;
    let with = question.with;
    match &*question.name {
        r::Orient::NAME => one::<r::Orient>(with, at, to, is_gone),
        r::Goodbye::NAME => one::<r::Goodbye>(with, at, to, is_gone),
        r::Ready::NAME => one::<r::Ready>(with, at, to, is_gone),
        r::Explain::NAME => one::<r::Explain>(with, at, to, is_gone),
        r::WhatWaits::NAME => one::<r::WhatWaits>(with, at, to, is_gone),
        r::List::NAME => one::<r::List>(with, at, to, is_gone),
        r::Search::NAME => one::<r::Search>(with, at, to, is_gone),
        r::Log::NAME => one::<r::Log>(with, at, to, is_gone),
        r::Agents::NAME => one::<r::Agents>(with, at, to, is_gone),
        r::Show::NAME => one::<r::Show>(with, at, to, is_gone),
        r::Find::NAME => one::<r::Find>(with, at, to, is_gone),
        r::LinksOf::NAME => one::<r::LinksOf>(with, at, to, is_gone),
        r::Draw::NAME => one::<r::Draw>(with, at, to, is_gone),
        r::Tree::NAME => one::<r::Tree>(with, at, to, is_gone),
        r::Stats::NAME => one::<r::Stats>(with, at, to, is_gone),
        r::Duplicates::NAME => one::<r::Duplicates>(with, at, to, is_gone),
        r::Check::NAME => one::<r::Check>(with, at, to, is_gone),
        r::Create::NAME => one::<r::Create>(with, at, to, is_gone),
        r::Batch::NAME => {
            refuse_long_batch(with)?;
            one::<r::Batch>(with, at, to, is_gone)
        }
        r::Plan::NAME => {
            refuse_long_batch(with)?;
            one::<r::Plan>(with, at, to, is_gone)
        }
        r::Undo::NAME => one::<r::Undo>(with, at, to, is_gone),
        r::Update::NAME => one::<r::Update>(with, at, to, is_gone),
        r::Claim::NAME => one::<r::Claim>(with, at, to, is_gone),
        r::ClaimBest::NAME => one::<r::ClaimBest>(with, at, to, is_gone),
        r::Release::NAME => one::<r::Release>(with, at, to, is_gone),
        r::Close::NAME => one::<r::Close>(with, at, to, is_gone),
        r::Reopen::NAME => one::<r::Reopen>(with, at, to, is_gone),
        r::Note::NAME => one::<r::Note>(with, at, to, is_gone),
        r::Delete::NAME => one::<r::Delete>(with, at, to, is_gone),
        r::Undelete::NAME => one::<r::Undelete>(with, at, to, is_gone),
        r::Link::NAME => one::<r::Link>(with, at, to, is_gone),
        r::Unlink::NAME => one::<r::Unlink>(with, at, to, is_gone),
        other => Err(Failed::Unknown(format!("the request {:?}", other.chars().take(40).collect::<String>()))),
    }
}

fn one<R: Request>(with: &RawValue, at: &At, to: &mut impl Write, is_gone: &dyn Fn() -> bool) -> Result<(), Failed> {
    if !R::CHANGES && is_gone() {
        return Err(Failed::Unheard);
    }
    let request: R = serde_json::from_str(with.get())
        .map_err(|error| Failed::Unknown(format!("the request {}: {error}", R::NAME)))?;
    if let (true, Rights::Run(rights)) = (R::CHANGES, &at.actor.rights) {
        let counted = rights.used.request(with.get().len().min(REQUEST_MAX) as u64);
        counted.map_err(|rule| refused("nothing more can be changed", rule))?;
    }
    let answer = request.perform(at).map_err(Failed::Refused)?;
    if R::CHANGES {
        failpoint::reached(Point::ChangeCommitted);
    }
    serde_json::to_writer(to, &answer).map_err(|error| Failed::Write(error.into()))
}

/// How many changes a batch or a plan makes.
#[derive(Deserialize)]
struct Length {
    #[serde(default)]
    operations: Vec<IgnoredAny>,
    #[serde(default)]
    steps: Vec<IgnoredAny>,
}

/// Each operation takes more memory than it has letters.
fn refuse_long_batch(with: &RawValue) -> Result<(), Failed> {
    let length =
        serde_json::from_str::<Length>(with.get()).map_or(0, |length| length.operations.len() + length.steps.len());
    if length > OPERATIONS_MAX { Err(refused("the batch is not carried out", Rule::Operations)) } else { Ok(()) }
}

fn refused(what: &str, rule: Rule) -> Failed {
    Failed::Refused(GraphError::Refused { what: what.to_owned(), rule })
}
