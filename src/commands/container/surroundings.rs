//! Inside a container: what programs are told of the user's terminal, editor and time zone, as far as the image has what they name, and of
//! where they are.

use std::ffi::OsString;
use std::path::Path;

use crate::env::Env;
use crate::env::terminal::{EDITOR, KIND, USUAL_KIND};
use crate::process::Cmd;

/// What the host says of the user's time zone: its name, and its rule.
pub const ZONE: &str = "BN_TZ";
pub const ZONE_RULE: &str = "BN_TZ_RULE";

const ZONES: &str = "usr/share/zoneinfo";
const DESCRIPTIONS: [&str; 3] = ["etc/terminfo", "lib/terminfo", "usr/share/terminfo"];

/// What stands where the image and the user say nothing. Browsers that puppeteer, electron and Qt start: in here no program can make a sandbox
/// of its own, and the container is one.
const OTHERWISE: [(&str, &str); 4] = [
    ("LANG", "C.UTF-8"),
    ("PUPPETEER_DANGEROUS_NO_SANDBOX", "true"),
    ("ELECTRON_DISABLE_SANDBOX", "1"),
    ("QTWEBENGINE_DISABLE_SANDBOX", "1"),
];

/// Tells a program of them.
pub fn told(cmd: Cmd, env: &Env) -> Cmd {
    let image = Image {
        root: Path::new("/"),
        has: &|program| which::which_in(program, Some(&env.path), &env.directory).is_ok(),
    };
    let variables = image.variables(|name| env.variable(name), env.stdin_is_terminal);
    let cmd = [ZONE, KIND, EDITOR].into_iter().fold(cmd, Cmd::without_env);
    variables.into_iter().fold(cmd, |cmd, (name, value)| cmd.env(name, value))
}

struct Image<'a> {
    root: &'a Path,
    /// Whether there is a program of that name.
    has: &'a dyn Fn(&str) -> bool,
}

impl Image<'_> {
    fn variables(&self, variable: impl Fn(&str) -> Option<OsString>, terminal: bool) -> Vec<(&'static str, String)> {
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok());
        let unset = |name: &str| variable(name).is_none_or(|value| name == "LANG" && value.is_empty());
        let otherwise = OTHERWISE.iter().filter(|(name, _)| unset(name));
        let mut told: Vec<(&'static str, String)> =
            otherwise.map(|(name, value)| (*name, (*value).to_owned())).collect();
        told.extend(self.zone(text(ZONE), text(ZONE_RULE)).map(|zone| ("TZ", zone)));
        // Without it bn is not outside, or it has given the program no terminal.
        if let Some(kind) = text(KIND).filter(|_| terminal) {
            told.push(("TERM", if self.knows(&kind) { kind } else { USUAL_KIND.to_owned() }));
            told.push(("EDITOR", self.editor(&text(EDITOR).unwrap_or_default())));
        }
        told
    }

    /// By its name where the image has a file of that name, else by its rule.
    fn zone(&self, name: Option<String>, rule: Option<String>) -> Option<String> {
        name.filter(|name| self.root.join(ZONES).join(name).is_file()).or(rule)
    }

    /// Whether it has a description of that terminal.
    fn knows(&self, kind: &str) -> bool {
        let Some(first) = kind.chars().next() else { return false };
        DESCRIPTIONS.iter().any(|folder| self.root.join(folder).join(first.to_string()).join(kind).exists())
    }

    /// The user's where the image has that program, wherever it is.
    fn editor(&self, wish: &str) -> String {
        let (program, rest) = wish.trim_start().split_once(' ').unwrap_or((wish, ""));
        let program = program.rsplit('/').next().unwrap_or_default();
        if !program.is_empty() && (self.has)(program) {
            return format!("{program} {rest}").trim_end().to_owned();
        }
        if (self.has)("vim") { "vim" } else { "vi" }.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// In an image with vim and less, tmux's description and Tokyo's clock.
    fn told(given: &[(&str, &str)], terminal: bool) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in ["lib/terminfo/t/tmux-256color", "usr/share/zoneinfo/Asia/Tokyo"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let image = Image { root: folder.path(), has: &|program| ["vim", "less"].contains(&program) };
        let value =
            |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(*value));
        let variables = image.variables(value, terminal);
        variables
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .filter(|pair| !pair.contains("SANDBOX"))
            .collect()
    }

    #[test]
    fn a_terminal_and_an_editor_are_named_where_the_image_has_them() {
        let of = |kind, editor| told(&[("BN_TERM", kind), ("BN_EDITOR", editor), ("LANG", "de")], true);
        assert_eq!(of("tmux-256color", "/opt/bin/less -S"), ["TERM=tmux-256color", "EDITOR=less -S"]);
        assert_eq!(of("xterm-kitty", "nano"), ["TERM=xterm-256color", "EDITOR=vim"]);
        assert_eq!(told(&[("BN_TERM", "tmux-256color")], true), ["LANG=C.UTF-8", "TERM=tmux-256color", "EDITOR=vim"]);
        assert_eq!(told(&[("BN_TERM", "tmux-256color"), ("LANG", "de")], false), Vec::<String>::new());
        assert_eq!(told(&[("LANG", "")], true), ["LANG=C.UTF-8"]);
    }

    #[test]
    fn a_time_zone_without_a_file_is_told_by_its_rule() {
        let of = |zone| told(&[("BN_TZ", zone), ("BN_TZ_RULE", "JST-9"), ("LANG", "de")], false);
        assert_eq!(
            (of("Asia/Tokyo"), of("Asia/Seoul")),
            (vec!["TZ=Asia/Tokyo".to_owned()], vec!["TZ=JST-9".to_owned()])
        );
        assert_eq!(told(&[("BN_TZ", "Asia/Seoul"), ("LANG", "de")], false), Vec::<String>::new());
    }

    #[test]
    fn what_the_image_or_the_user_says_of_sandboxes_stays() {
        let image = Image { root: Path::new("/nowhere"), has: &|_| false };
        let given = |name: &str| (name == "ELECTRON_DISABLE_SANDBOX").then(|| OsString::from("0"));
        let names: Vec<_> = image.variables(given, false).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["LANG", "PUPPETEER_DANGEROUS_NO_SANDBOX", "QTWEBENGINE_DISABLE_SANDBOX"]);
    }
}
