//! What a push asks of a repository: the commands before its objects, read as they pass.

/// Longer than any command with its capabilities.
const LINE_MAX: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the four digits before a line.
    Length,
    /// In a line of which so much is to come.
    Line(usize),
    /// Behind the last command: options, and objects.
    Objects,
    /// Behind a request without a command, which a client makes to see whether it may push.
    End,
}

/// The commands of one push, of which one ref may be the object.
#[derive(Debug)]
pub struct Commands<'a> {
    only: &'a str,
    place: Place,
    bytes: Vec<u8>,
    any: bool,
}

impl<'a> Commands<'a> {
    pub fn new(only: &'a str) -> Self {
        Self { only, place: Place::Length, bytes: Vec::new(), any: false }
    }

    /// Refuses, with a reason, before anything of these bytes is passed on.
    pub fn see(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut rest = bytes;
        while let Some(byte) = rest.first() {
            match self.place {
                Place::Objects => return Ok(()),
                Place::End => return Err("there is more behind the end of an empty push".to_owned()),
                Place::Length | Place::Line(_) => self.step(*byte)?,
            }
            rest = &rest[1..];
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), String> {
        self.bytes.push(byte);
        let wanted = if let Place::Line(length) = self.place { length } else { 4 };
        if self.bytes.len() < wanted {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        self.place = match self.place {
            Place::Length => self.length(&bytes)?,
            _ => {
                self.line(&bytes)?;
                Place::Length
            }
        };
        Ok(())
    }

    fn length(&self, digits: &[u8]) -> Result<Place, String> {
        let odd = || "what is pushed does not begin with git's commands".to_owned();
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(digits).ok().filter(|_| is_hex).ok_or_else(odd)?;
        match usize::from_str_radix(text, 16) {
            Ok(0) if self.any => Ok(Place::Objects),
            Ok(0) => Ok(Place::End),
            Ok(length) if (5..=LINE_MAX).contains(&length) => Ok(Place::Line(length - 4)),
            _ => Err(odd()),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        let command = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let command = std::str::from_utf8(command).map_err(|_| "the name of a ref is no text".to_owned())?;
        let command = command.strip_suffix('\n').unwrap_or(command);
        let words: Vec<&str> = command.splitn(3, ' ').collect();
        match words.as_slice() {
            [first, id] if *first == "shallow" && is_id(id) && !self.any => Ok(()),
            [old, new, name] if is_id(old) && is_id(new) => {
                self.any = true;
                self.judge(new, name)
            }
            _ => Err("this run pushes plain commands alone, and no signed ones".to_owned()),
        }
    }

    fn judge(&self, new: &str, name: &str) -> Result<(), String> {
        if name != self.only {
            return Err(format!("this run may push {} alone, and not {}", self.only, name.escape_default()));
        }
        match new.bytes().all(|digit| digit == b'0') {
            true => Err(format!("this run may push {name}, and not remove it")),
            false => Ok(()),
        }
    }
}

/// An answer that git shows to whoever pushes: of an HTTP error it shows the number alone.
pub fn answer(refusal: &str) -> Vec<u8> {
    let line = format!("\u{3}bn: {refusal}\n");
    let body = format!("{:04x}{line}0000", line.len() + 4);
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-receive-pack-result\r\nCache-Control: no-cache\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn is_id(word: &str) -> bool {
    matches!(word.len(), 40 | 64) && word.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "1111111111111111111111111111111111111111";
    const NEW: &str = "2222222222222222222222222222222222222222";
    const NONE: &str = "0000000000000000000000000000000000000000";
    const BRANCH: &str = "refs/heads/agent";

    fn line(text: &str) -> String {
        format!("{:04x}{text}", text.len() + 4)
    }

    fn judged(bytes: &[u8], cut: usize) -> Result<(), String> {
        let mut commands = Commands::new(BRANCH);
        bytes.chunks(cut).try_for_each(|piece| commands.see(piece))
    }

    fn push(lines: &[String]) -> String {
        format!("{}0000PACK and objects 0000 0001", lines.concat())
    }

    #[test]
    fn the_one_ref_is_pushed_and_no_other() {
        let own = line(&format!("{OLD} {NEW} {BRANCH}\0 report-status side-band-64k agent=git/2"));
        for good in [
            "0000".to_owned(),
            push(std::slice::from_ref(&own)),
            push(&[line(&format!("shallow {OLD}")), line(&format!("{NONE} {NEW} {BRANCH}\n"))]),
        ] {
            assert_eq!(judged(good.as_bytes(), 7), Ok(()), "{good:?}");
        }
        for bad in [
            push(&[line(&format!("{OLD} {NEW} refs/heads/main\0 report-status"))]),
            push(&[own.clone(), line(&format!("{OLD} {NEW} refs/heads/main"))]),
            push(&[line(&format!("{OLD} {NONE} {BRANCH}\0 report-status"))]),
            push(&[line(&format!("{OLD} {NEW} {BRANCH} \0x"))]),
            push(&[line(&format!("{OLD} {NEW} {BRANCH}/../main\0x"))]),
            push(&[line(&format!("{OLD} {NEW} refs/heads/Agent\0x"))]),
            push(&[line("push-cert\0 report-status"), line(&format!("{OLD} {NEW} {BRANCH}\n"))]),
            format!("0000{own}0000"),
            "0001".to_owned(),
            "0004".to_owned(),
            "+123".to_owned(),
            "ffff".to_owned(),
            "\u{1f}\u{8b}\u{8}\0\0\0".to_owned(),
        ] {
            assert!(judged(bad.as_bytes(), 3).is_err(), "{bad:?}");
        }
        let said = judged(push(&[line(&format!("{OLD} {NEW} refs/tags/v1"))]).as_bytes(), 100).unwrap_err();
        assert_eq!(said, "this run may push refs/heads/agent alone, and not refs/tags/v1");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_arrive(cut in 1_usize..90) {
            let own = line(&format!("{OLD} {NEW} {BRANCH}\0 report-status"));
            prop_assert_eq!(judged(push(std::slice::from_ref(&own)).as_bytes(), cut), Ok(()));
            let other = line(&format!("{OLD} {NEW} refs/heads/main"));
            prop_assert!(judged(push(&[own, other]).as_bytes(), cut).is_err());
        }

        #[test]
        fn nothing_makes_it_fail(bytes: Vec<u8>) {
            drop(judged(&bytes, 5));
        }
    }
}
