//! `bn container list --watch` and `bn container top`: a full screen that stays fresh, with keys for what can be done.

mod action;
mod feed;
mod full_screen;
mod keys;
mod view;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::container::{ListArgs, TopArgs};
use crate::commands::container::list::{self, Listing};
use crate::commands::{Context, Exit};
use crate::env::now;
use crate::error::{Failure, Usage};
use crate::run::watch::signals::Signals;
use action::Action;
use feed::{EVERY, Feed};
use full_screen::FullScreen;
use view::View;

pub fn as_list(args: TopArgs) -> ListArgs {
    ListArgs { all: args.all, quiet: false, watch: true, scope: args.scope }
}

pub fn run(args: ListArgs, context: &Context) -> Result<Exit, Failure> {
    if context.output.is_json() {
        return stream(&args, context);
    }
    if !(context.env.stdin_is_terminal && context.env.stdout_is_terminal) {
        return Err(Usage::new("a full screen needs a terminal")
            .hint("for programs: bn container list --watch --json, or bn container events")
            .into());
    }
    // What cannot be read at all is said before the screen is taken.
    let first = list::look(&args, context)?;
    let signals = Signals::catch()?;
    let view = View::new(first, args.all, context.env.colors);
    let mut screen = FullScreen::enter()?;
    let feed = Feed::start(args, context)?;
    let shown = show(view, &feed, &mut screen, &signals, context);
    screen.leave();
    shown.map(|()| Exit::DONE)
}

fn show(
    mut view: View,
    feed: &Feed,
    screen: &mut FullScreen,
    signals: &Signals,
    context: &Context,
) -> Result<(), Failure> {
    while !signals.terminated() {
        if let Some(news) = feed.news() {
            view.take(news);
        }
        screen.draw(|frame| view.draw(frame))?;
        let Some(keys) = keys::pressed(signals)? else { break };
        for key in keys {
            match view.press(key) {
                None => {}
                Some(Action::Quit) => return Ok(()),
                Some(Action::Suspend) => screen.suspend()?,
                Some(Action::ShowAll(all)) => feed.show_all(all),
                Some(Action::Do(what)) => {
                    what.run(screen, signals, context)?;
                    feed.look_now();
                }
            }
        }
    }
    Ok(())
}

/// All that the list has, at a moment.
#[derive(Serialize)]
struct Now {
    at: DateTime<Utc>,
    runs: Listing,
}

impl std::fmt::Display for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.runs.fmt(f)
    }
}

/// For programs: the whole list on a line, again and again, until nobody reads.
fn stream(args: &ListArgs, context: &Context) -> Result<Exit, Failure> {
    loop {
        context.output.print(&Now { at: now(), runs: list::look(args, context)? })?;
        std::thread::sleep(EVERY);
        if context.output.is_unread() {
            return Ok(Exit::DONE);
        }
    }
}
