//! A container's `/etc/passwd` and `/etc/group`, as text, with the agent's user in them.

/// The name of an agent that the image does not know.
const NAME: &str = "agent";

/// `/etc/passwd` with a user of this uid who lives in `home`, and that user's name. One whom the image knows moves there, too: Java and ssh ask
/// this file where that is, and not HOME.
pub fn with_user(passwd: &[u8], (uid, gid): (u32, u32), home: &str) -> (Vec<u8>, Vec<u8>) {
    let id = uid.to_string();
    let Some(known) = lines(passwd).find_map(|line| name_of(line, &id)) else {
        let line = format!("{NAME}:x:{uid}:{gid}:{NAME}:{home}:/bin/bash");
        return (with_line(passwd, &line), NAME.into());
    };
    let moved = lines(passwd).flat_map(|line| {
        let mut fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
        // The home is the sixth of seven.
        if let [_, _, of, _, _, at, _] = fields.as_mut_slice()
            && *of == id.as_bytes()
        {
            *at = home.as_bytes();
        }
        [fields.join(&b':'), vec![b'\n']].concat()
    });
    (moved.collect(), known.to_vec())
}

/// `/etc/group` with a group of this gid; `None` where there is one.
pub fn with_group(group: &[u8], gid: u32) -> Option<Vec<u8>> {
    let id = gid.to_string();
    let is_known = lines(group).any(|line| name_of(line, &id).is_some());
    (!is_known).then(|| with_line(group, &format!("{NAME}:x:{gid}:")))
}

/// The first field, where the third is this id.
fn name_of<'a>(line: &'a [u8], id: &str) -> Option<&'a [u8]> {
    let mut fields = line.split(|&byte| byte == b':');
    let name = fields.next()?;
    (fields.nth(1)? == id.as_bytes()).then_some(name)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

fn with_line(text: &[u8], line: &str) -> Vec<u8> {
    let end = if text.is_empty() || text.ends_with(b"\n") { "" } else { "\n" };
    [text, end.as_bytes(), line.as_bytes(), b"\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(passwd: &str, uid: u32) -> (String, String) {
        let (text, name) = with_user(passwd.as_bytes(), (uid, 7), "/home/agent");
        (String::from_utf8(text).unwrap(), String::from_utf8(name).unwrap())
    }

    #[test]
    fn a_user_whom_the_image_does_not_know_gets_a_line() {
        let root = "root:x:0:0:root:/root:/bin/bash";
        let agent = "agent:x:1001:7:agent:/home/agent:/bin/bash\n";
        for (before, after) in [("", agent.to_owned()), (root, format!("{root}\n{agent}"))] {
            assert_eq!(user(before, 1001), (after, "agent".to_owned()));
        }
    }

    #[test]
    fn a_user_whom_the_image_knows_keeps_the_name_and_moves() {
        let (text, name) =
            user("root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nshort:x:1000", 1000);
        assert_eq!(name, "node");
        assert_eq!(text, "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/agent:/bin/sh\nshort:x:1000\n");
    }

    #[test]
    fn a_group_is_added_once() {
        let added = with_group(b"root:x:0:", 7).unwrap();
        assert_eq!(String::from_utf8(added.clone()).unwrap(), "root:x:0:\nagent:x:7:\n");
        assert_eq!(with_group(&added, 7), None);
    }
}
