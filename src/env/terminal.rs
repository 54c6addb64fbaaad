//! The user's terminal, as the programs in it are told of it.

use std::io::IsTerminal;
use std::path::PathBuf;

/// What programs in a container are told of it is made from these, in there.
pub const KIND: &str = "BN_TERM";
pub const COLORS: &str = "COLORTERM";
pub const EDITOR: &str = "BN_EDITOR";
/// What most terminals are taken for, and every image has a description of.
pub const USUAL_KIND: &str = "xterm-256color";

/// What is passed on to an agent that gets this terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserTerminal {
    /// `TERM`: the name of its description.
    pub kind: Option<String>,
    /// `COLORTERM`: which colours it has beyond that.
    pub colors: Option<String>,
    /// `VISUAL` or `EDITOR`.
    pub editor: Option<String>,
}

impl UserTerminal {
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            kind: variable("TERM").filter(|kind| is_name(kind)),
            colors: variable("COLORTERM").filter(|colors| is_name(colors)),
            editor: variable("VISUAL").or_else(|| variable("EDITOR")).filter(|editor| is_one_line(editor)),
        }
    }

    /// For a program in a container that gets this terminal.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let kind = self.kind.clone().unwrap_or_else(|| USUAL_KIND.to_owned());
        let others = [(COLORS, &self.colors), (EDITOR, &self.editor)];
        std::iter::once((KIND, kind)).chain(others.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))))
    }
}

/// The device of the terminal that standard output is.
pub(super) fn window() -> Option<PathBuf> {
    std::io::stdout()
        .is_terminal()
        .then(|| std::fs::read_link("/proc/self/fd/1").ok())?
        .filter(|path| path.starts_with("/dev"))
}

/// Whether a terminal is to get colours: what the user wants counts more than what it can do.
pub(super) fn wants_colors(variable: impl Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| value != "0");
    let is_off = variable("NO_COLOR").is_some() || variable("CLICOLOR").is_some_and(|value| value == "0");
    is_set("CLICOLOR_FORCE") && variable("NO_COLOR").is_none() || is_terminal && !is_off && !is_dumb(variable)
}

/// Whether nothing is known of what the terminal obeys.
pub(super) fn is_dumb(variable: impl Fn(&str) -> Option<String>) -> bool {
    variable("TERM").is_none_or(|kind| kind == "dumb")
}

/// Descriptions of terminals are files: a name with a slash in it would be a path.
fn is_name(text: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(named)
}

fn is_one_line(text: &str) -> bool {
    text.len() <= 256 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_of_a_terminal_is_left_out() {
        let terminal =
            |kind: &'static str| UserTerminal::of(move |name| (name == "TERM").then(|| kind.to_owned())).kind;
        for kind in ["xterm-256color", "tmux-256color", "screen.xterm-new", "rxvt+pcf"] {
            assert_eq!(terminal(kind).as_deref(), Some(kind));
        }
        for odd in ["", ".", "../../etc/passwd", "/etc/x", "a b", "a\nb", "$(id)"] {
            assert_eq!(terminal(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn colours_are_for_terminals_whose_user_has_not_said_no() {
        let wanted = |variables: &'static [(&str, &str)], is_terminal| {
            let value = move |name: &str| variables.iter().find(|(known, _)| *known == name);
            wants_colors(|name| value(name).map(|(_, value)| (*value).to_owned()), is_terminal)
        };
        const XTERM: (&str, &str) = ("TERM", "xterm");
        assert!(wanted(&[XTERM], true) && !wanted(&[XTERM], false));
        assert!(wanted(&[XTERM, ("CLICOLOR", "1")], true) && wanted(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!wanted(&[XTERM, ("NO_COLOR", "1")], true) && !wanted(&[XTERM, ("CLICOLOR", "0")], true));
        assert!(!wanted(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true) && !wanted(&[("TERM", "dumb")], true));
    }

    #[test]
    fn the_editor_for_a_screen_goes_before_the_one_for_a_line() {
        let both = |name: &str| match name {
            "VISUAL" => Some("nvim -u NONE".to_owned()),
            "EDITOR" => Some("ed".to_owned()),
            _ => None,
        };
        assert_eq!(UserTerminal::of(both).editor.as_deref(), Some("nvim -u NONE"));
    }
}
