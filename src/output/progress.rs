//! What takes long, on the terminal of the person who waits: one line, with the step and for how long by now. Off a terminal a step
//! that takes long is a plain line, and another one each time when it has come to something else.
//!
//! No thread draws it. Whatever waits for a program, a lock or a moment calls `tick`, so that nothing is drawn while a person is
//! asked. Whoever prints, or lends the terminal to a program, takes the line away first (`aside`).

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::interrupt;
use crate::sanitize;

/// What is done by then is not worth a line.
const DELAY: Duration = Duration::from_millis(300);
/// Off a terminal, what is done by then is not worth a line; and how often there may be another one.
const LONG: Duration = Duration::from_secs(10);
/// How often the line moves.
const TICK: Duration = Duration::from_millis(120);
/// How long other lines have the terminal to themselves: they may be many.
const REST: Duration = Duration::from_millis(40);
const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// The line, which is one as the terminal is one.
static LINE: Mutex<Line> =
    Mutex::new(Line { steps: Vec::new(), begun: 0, bar: None, due: None, told: None, aside: 0, in_line: false });

/// How whoever waits sees how far work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Not at all.
    Not,
    /// By a line that moves.
    Moving,
    /// By plain lines.
    Lines,
}

struct Line {
    /// The innermost comes last.
    steps: Vec<Begun>,
    /// How many steps have been begun.
    begun: u64,
    /// There while the line is on the terminal.
    bar: Option<ProgressBar>,
    due: Option<Instant>,
    /// The last of the plain lines.
    told: Option<String>,
    /// How many others have the terminal.
    aside: usize,
    /// What was printed last has no line end yet.
    in_line: bool,
}

struct Begun {
    number: u64,
    moving: bool,
    text: Box<dyn Fn() -> String + Send>,
    since: Instant,
}

/// A step that is shown for as long as this value lives.
#[must_use]
#[derive(Debug)]
pub struct Step(Option<u64>);

impl Step {
    pub(super) fn unseen() -> Self {
        Self(None)
    }

    pub(super) fn begin(text: &impl Display, shown: Shown) -> Self {
        if shown == Shown::Not {
            return Self::unseen();
        }
        let (text, moving) = (text.to_string(), shown == Shown::Moving);
        let mut line = line();
        line.begun += 1;
        let number = line.begun;
        line.told = None;
        line.steps.push(Begun { number, moving, text: Box::new(move || text.clone()), since: Instant::now() });
        Self(Some(number))
    }

    /// It has come to something else.
    pub fn says(&self, text: impl Display) {
        if self.0.is_some() {
            let text = text.to_string();
            self.shows(move || text.clone());
        }
    }

    /// It has come to something that is looked at each time when the line is drawn.
    pub fn shows(&self, text: impl Fn() -> String + Send + 'static) {
        if let Some(step) = line().steps.iter_mut().find(|step| Some(step.number) == self.0) {
            step.text = Box::new(text);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.0.is_some() {
            let mut line = line();
            line.steps.retain(|step| Some(step.number) != self.0);
            line.clear();
        }
    }
}

/// Draws the line where it is due. Returns when it is due again, for whoever waits; `None` where nothing is shown.
pub fn tick() -> Option<Duration> {
    let mut line = line();
    let first = line.steps.first()?;
    let (first, every) = (first.since + first.delay(), if first.moving { TICK } else { LONG });
    let now = Instant::now();
    let due = line.due.map_or(first, |due| due.max(first));
    if now < due {
        return Some(due - now);
    }
    line.draw(now);
    line.due = Some(now + every);
    Some(every)
}

/// Sleeps for so long, and draws the line meanwhile.
pub fn sleep(duration: Duration) {
    let until = Instant::now() + duration;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::sleep(tick().map_or(left, |due| left.min(due)));
    }
}

/// The terminal in the hands of somebody else, until this value is dropped.
#[must_use]
pub struct Aside(());

/// Takes the line off the terminal.
pub fn aside() -> Aside {
    let mut line = line();
    line.aside += 1;
    line.clear();
    Aside(())
}

impl Aside {
    /// Says what was printed. Nothing is drawn behind a line that has no end.
    pub(super) fn printed(&self, bytes: &[u8], to: &impl IsTerminal) {
        let Some(last) = bytes.last() else { return };
        line().in_line = *last != b'\n' && to.is_terminal();
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        line().aside -= 1;
    }
}

fn line() -> MutexGuard<'static, Line> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Begun {
    /// What is done by then is not worth a line.
    fn delay(&self) -> Duration {
        if self.moving { DELAY } else { LONG }
    }
}

impl Line {
    fn draw(&mut self, now: Instant) {
        let age = |step: &Begun| now.saturating_duration_since(step.since);
        let shown = self.steps.iter().rev().find(|step| age(step) >= step.delay());
        let Some(step) = shown.filter(|_| self.aside == 0 && !self.in_line) else { return };
        let (mark, text) = (mark(age(step)), on_one_line(&(step.text)()));
        if !step.moving {
            if self.told.as_ref() != Some(&text) {
                // Whoever reads it may have gone.
                drop(writeln!(io::stderr().lock(), "{text}"));
                self.told = Some(text);
            }
            return;
        }
        let bar = self.bar.get_or_insert_with(bar);
        bar.set_prefix(mark);
        bar.set_message(text);
        bar.tick();
        // Behind its end, the echo of Ctrl-C would begin another line.
        drop(io::stderr().lock().write_all(b"\r"));
        interrupt::drawn();
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
            interrupt::cleared();
            self.due = Some(Instant::now() + REST);
        }
    }
}

/// What turns, and minutes and seconds.
fn mark(age: Duration) -> String {
    let turn = age.as_millis() / TICK.as_millis() % FRAMES.len() as u128;
    let frame = FRAMES[usize::try_from(turn).unwrap_or(0)];
    format!("{frame} {}:{:02}", age.as_secs() / 60, age.as_secs() % 60)
}

/// Text of strangers may be in it.
fn on_one_line(text: &str) -> String {
    sanitize::lines(text).replace(['\n', '\t'], " ")
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(60)).with_style(style)
}
