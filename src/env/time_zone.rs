//! The user's time zone: `TZ`, or the machine's.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

const ZONES: &str = "/usr/share/zoneinfo";
const OF_THE_MACHINE: &str = "/etc/localtime";
/// More than any zone's file has.
const LONGEST: u64 = 64 << 10;

/// How programs elsewhere can be told which zone it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeZone {
    /// Such as Europe/Berlin, for who has the file of that name.
    pub name: Option<String>,
    /// Such as CET-1CEST,M3.5.0,M10.5.0/3, for who has not: what the file says of times to come.
    pub rule: Option<String>,
}

impl TimeZone {
    pub(super) fn read(variable: Option<String>) -> Self {
        let wanted = variable.as_deref().map(|value| value.trim_start_matches(':'));
        match wanted {
            None | Some("") => {
                Self { name: name_of(Path::new(OF_THE_MACHINE)), rule: rule_in(Path::new(OF_THE_MACHINE)) }
            }
            Some(path) if path.starts_with('/') => {
                let path = Path::new(path);
                Self { name: name_of(path), rule: rule_in(path) }
            }
            Some(name) if is_name(name) && Path::new(ZONES).join(name).is_file() => {
                Self { name: Some(name.to_owned()), rule: rule_in(&Path::new(ZONES).join(name)) }
            }
            Some(rule) => Self { name: None, rule: Some(rule.to_owned()).filter(|rule| is_rule(rule)) },
        }
    }
}

/// The name of the zone that a file is, where it is one of those that have a name.
fn name_of(path: &Path) -> Option<String> {
    let target: PathBuf = std::fs::canonicalize(path).ok()?;
    let (_, name) = target.to_str()?.split_once("/zoneinfo/")?;
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    is_name(name).then(|| name.to_owned())
}

fn is_name(text: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '+');
    !text.is_empty() && text.len() <= 64 && !text.starts_with('/') && text.chars().all(named)
}

/// The last line of a zone's file, RFC 9636.
fn rule_in(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let line = bytes.starts_with(b"TZif").then(|| bytes.strip_suffix(b"\n"))??.rsplit(|byte| *byte == b'\n').next()?;
    let rule = std::str::from_utf8(line).ok()?;
    is_rule(rule).then(|| rule.to_owned())
}

fn is_rule(text: &str) -> bool {
    let ruled = |c: char| c.is_ascii_alphanumeric() || matches!(c, '<' | '>' | ',' | '.' | '/' | ':' | '+' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '<') && text.len() <= 64 && text.chars().all(ruled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_and_by_its_rule() {
        let of = |value: &str| TimeZone::read(Some(value.to_owned()));
        let both = |name: &str, rule: &str| TimeZone { name: Some(name.into()), rule: Some(rule.into()) };
        assert_eq!(of("Asia/Tokyo"), both("Asia/Tokyo", "JST-9"));
        assert_eq!(of(":Asia/Tokyo"), both("Asia/Tokyo", "JST-9"));
        assert_eq!(of("/usr/share/zoneinfo/Asia/Kolkata"), both("Asia/Kolkata", "IST-5:30"));
        assert_eq!(of("CET-1CEST,M3.5.0,M10.5.0/3").rule.as_deref(), Some("CET-1CEST,M3.5.0,M10.5.0/3"));
        for odd in ["../../etc/passwd", "/etc/passwd", "/nowhere", "a\nb", "$(id)"] {
            assert_eq!(of(odd), TimeZone::default(), "{odd:?}");
        }
    }
}
