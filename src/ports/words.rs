//! The few words that the dialler inside and the door on the host exchange over the local socket.

/// The dialler waits for requests on this connection.
pub const DIALLER: &str = "dialler\n";

/// What the host asks the dialler for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    pub client: u64,
    pub port: u16,
}

impl Dial {
    pub fn line(self) -> String {
        format!("dial {} {}\n", self.client, self.port)
    }

    pub fn parse(line: &str) -> Option<Self> {
        let (client, port) = line.strip_suffix('\n')?.strip_prefix("dial ")?.split_once(' ')?;
        Some(Self { client: client.parse().ok()?, port: port.parse().ok()? })
    }
}

/// What the dialler answers, on a connection of its own: with a socket where it could connect, without one where it could not.
pub fn dialled(client: u64) -> String {
    format!("dialled {client}\n")
}

/// Whose the answer is.
pub fn parse_dialled(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.strip_prefix("dialled ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_understand_each_other() {
        let dial = Dial { client: 7, port: 3000 };
        assert_eq!(Dial::parse(&dial.line()), Some(dial));
        assert_eq!(parse_dialled(dialled(7).as_bytes()), Some(7));
        for rubbish in ["", "dial 1", "dial 1 99999\n", "dial 1 2", "\0\n", "dialled \n"] {
            assert_eq!((Dial::parse(rubbish), parse_dialled(rubbish.as_bytes())), (None, None), "{rubbish:?}");
        }
    }
}
