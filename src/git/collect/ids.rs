//! What an id looks like, and how much is read of the folder that holds them.

/// Folders of refs and reflogs are read so deep.
pub const DEEPEST: usize = 20;
/// So many files are looked at.
pub const MOST_FILES: usize = 100_000;

/// Recognises ids.
#[derive(Clone, Copy)]
pub struct Ids {
    pub length: usize,
}

impl Ids {
    pub fn of(object_format: &str) -> Self {
        Self { length: id_length(object_format) }
    }

    /// The whole text as an id, if it is one, and not that of nothing.
    pub fn parse(self, text: &[u8]) -> Option<String> {
        let whole = text.len() == self.length && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (whole && text.iter().any(|byte| *byte != b'0')).then(|| String::from_utf8_lossy(text).into_owned())
    }
}

/// Hex digits.
pub fn id_length(object_format: &str) -> usize {
    if object_format == "sha256" { 64 } else { 40 }
}
