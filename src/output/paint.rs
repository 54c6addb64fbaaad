//! Text for people with styles. Whatever is in it, the styles alone are what a terminal obeys.

use std::io;

use crate::output::Output;
use crate::sanitize;

/// How a piece of text looks where there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Style {
    /// The number of the terminal's own palette, so that light and dark ones both show it.
    fn code(self) -> Option<&'static str> {
        match self {
            Style::Plain => None,
            Style::Bold => Some("1"),
            Style::Dim => Some("2"),
            Style::Red => Some("31"),
            Style::Green => Some("32"),
            Style::Yellow => Some("33"),
            Style::Cyan => Some("36"),
        }
    }
}

/// Pieces of text, each in its style.
#[derive(Clone, Debug, Default)]
pub struct Painted(Vec<(Style, String)>);

impl Painted {
    pub fn add(&mut self, style: Style, text: impl Into<String>) {
        self.0.push((style, text.into()));
    }

    /// What a terminal is given.
    pub fn for_terminal(&self, colors: bool) -> String {
        self.0.iter().fold(String::new(), |mut whole, (style, text)| {
            let text = sanitize::lines(text);
            match style.code().filter(|_| colors) {
                Some(code) => whole.extend(["\u{1b}[", code, "m", &text, "\u{1b}[m"]),
                None => whole.push_str(&text),
            }
            whole
        })
    }
}

impl Output {
    pub fn painted(self, text: &Painted, colors: bool) -> io::Result<()> {
        self.write(text.for_terminal(colors).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_itself_colours_nothing() {
        let mut text = Painted::default();
        text.add(Style::Red, "a\u{1b}[32mb");
        text.add(Style::Plain, "\n");
        assert_eq!(text.for_terminal(true), "\u{1b}[31ma\\u{1b}[32mb\u{1b}[m\n");
        assert_eq!(text.for_terminal(false), "a\\u{1b}[32mb\n");
    }
}
