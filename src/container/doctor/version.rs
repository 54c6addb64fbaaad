//! Version numbers, as programs print them.

use std::fmt;

/// The upstream part of a version: three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The first thing in a text that looks like one: `runc version 1.1.5+ds1` is 1.1.5, `v2.1` is 2.1.0.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| c.is_whitespace() || c == ',').find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix('v').unwrap_or(word);
        let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
        let mut numbers = word[..end].split('.').map(|part| part.parse::<u32>().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        Some(Self(major, minor, numbers.next().flatten().unwrap_or(0)))
    }

    /// The branch that it was released from.
    pub fn series(self) -> (u32, u32) {
        (self.0, self.1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_programs_print_them() {
        let cases = [
            ("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1", Some(Version(1, 1, 5))),
            ("ctr github.com/containerd/containerd 1.6.20~ds1", Some(Version(1, 6, 20))),
            (
                "containerd github.com/containerd/containerd v2.1.5 fcd43222d6b07379a4be9786bda52438f0dd16a1",
                Some(Version(2, 1, 5)),
            ),
            ("git version 2.47.3", Some(Version(2, 47, 3))),
            ("Sudo version 1.9.13p3", Some(Version(1, 9, 13))),
            ("runc version 1.4.0-rc.1", Some(Version(1, 4, 0))),
            ("nsenter from util-linux 2.38", Some(Version(2, 38, 0))),
            ("no number", None),
            ("7", None),
        ];
        for (text, version) in cases {
            assert_eq!(Version::find(text), version, "{text}");
        }
    }
}
