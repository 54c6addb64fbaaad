//! A key that stays outside.

use std::fmt;

/// It goes into a header field, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// `None` where it could not stand in a header field as it is.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        let legal = !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_graphic());
        legal.then_some(Self(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word_and_is_not_shown() {
        for bad in ["", "a b", "a\r\nX: y", "a\0", "ä"] {
            assert_eq!(Key::new(bad), None, "{bad:?}");
        }
        assert_eq!(format!("{:?}", Key::new("sk-ant-1").unwrap()), "Key");
    }
}
