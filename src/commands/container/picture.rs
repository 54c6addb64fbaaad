//! How a terminal looks that was shown some bytes of an agent's: `bn container picture` reads them, in a process of its own.

use std::io::{self, Read};
use std::num::NonZeroU16;
use std::time::Duration;

use crate::cli::container::PictureArgs;
use crate::commands::{Context, Exit};
use crate::env::own_program;
use crate::error::{FAILED, Failure};
use crate::process::{Cmd, Runner};
use crate::screen::frame::Size;

/// How long it may take to work out how the screen looks.
const PATIENCE: Duration = Duration::from_secs(5);
/// No more is read of what was shown. Bytes.
const SHOWN_MAX: u64 = 4 << 20;
/// Lines that have left the screen at its top.
const LINES_MAX: usize = 10_000;

/// What a painted screen begins with where it is the second one.
pub const SECOND_SCREEN: &[u8] = b"\x1b[?1049h";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With colours, on a screen that is painted anew.
    Painted,
    /// As text, with the lines that have left the screen.
    Text,
}

/// How the screen looks. Where that cannot be worked out it is empty: an agent chose what it was shown.
pub fn picture(size: Size, shown: &[u8], form: Form, runner: &Runner) -> Vec<u8> {
    let Ok(program) = own_program() else { return Vec::new() };
    let (rows, columns) = (size.rows.to_string(), size.columns.to_string());
    let cmd = Cmd::new(program).args(["container", "picture", "--rows", &rows, "--columns", &columns]);
    let cmd = cmd.args((form == Form::Text).then_some("--text"));
    let picture = runner.capture_within(&cmd, shown, PATIENCE).ok().filter(|picture| picture.success());
    picture.map(|picture| picture.stdout).unwrap_or_default()
}

pub fn run(args: &PictureArgs, context: &Context) -> Result<Exit, Failure> {
    let (Some(rows), Some(columns)) = (NonZeroU16::new(args.size.rows), NonZeroU16::new(args.size.columns)) else {
        return Ok(Exit(FAILED));
    };
    let mut shown = Vec::new();
    io::stdin().lock().take(SHOWN_MAX).read_to_end(&mut shown)?;
    let lines = if args.text { LINES_MAX } else { 0 };
    let mut parser = vt100::Parser::new(rows, columns, lines);
    parser.process(&shown);
    let picture =
        if args.text { text(parser.screen_mut(), columns.get()).into_bytes() } else { painted(parser.screen()) };
    context.output.write(&picture)?;
    Ok(Exit::DONE)
}

fn painted(screen: &vt100::Screen) -> Vec<u8> {
    let second = if screen.alternate_screen() { SECOND_SCREEN } else { b"" };
    [second, screen.state_formatted().as_bytes()].concat()
}

fn text(screen: &mut vt100::Screen, columns: u16) -> String {
    let mut lines = Vec::new();
    for above in (1..=screen.scrollback_len()).rev() {
        screen.set_scrollback(above);
        lines.extend(screen.rows(0, columns).next());
    }
    screen.set_scrollback(0);
    lines.extend(screen.rows(0, columns));
    let mut text = lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> vt100::Parser {
        let mut parser = vt100::Parser::new(NonZeroU16::new(3).unwrap(), NonZeroU16::new(20).unwrap(), LINES_MAX);
        parser.process(bytes);
        parser
    }

    #[test]
    fn lines_that_left_the_screen_are_in_its_text() {
        let mut parser = shown(b"one\r\ntwo\r\n\x1b[31mthree\x1b[m\r\nfour\r\n\x1b]0;title\x07five");
        assert_eq!(text(parser.screen_mut(), 20), "one\ntwo\nthree\nfour\nfive\n");
    }

    #[test]
    fn a_painted_screen_asks_nothing_and_sets_nothing_outside_of_it() {
        let parser = shown(b"\x1b[?1049h\x1b]0;title\x07\x1b]52;c;eA==\x07\x1b[6n\x1b[c\x1b[31mred");
        let painted = String::from_utf8(painted(parser.screen())).unwrap();
        assert!(painted.starts_with("\x1b[?1049h") && painted.contains("red"), "{painted:?}");
        for order in ["\x1b]", "\x1b[6n", "\x1b[c", "\x1bP"] {
            assert!(!painted.contains(order), "{painted:?}");
        }
    }
}
