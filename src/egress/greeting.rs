//! The few words that the relay and the proxy exchange over the local socket.

/// No HTTP request begins with this.
const MARK: &str = "\0bn ";

/// What a listening socket is for that the relay hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Clients of the proxy connect to it.
    Proxy,
    /// It stands for this port of the host's loopback.
    Port(u16),
}

impl Greeting {
    pub fn line(self) -> String {
        match self {
            Greeting::Proxy => format!("{MARK}proxy\n"),
            Greeting::Port(port) => format!("{MARK}port {port}\n"),
        }
    }

    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(bytes).ok()?.strip_prefix(MARK)?.strip_suffix('\n')?;
        match line.split_once(' ') {
            None if line == "proxy" => Some(Greeting::Proxy),
            Some(("port", port)) => port.parse().ok().filter(|port| *port != 0).map(Greeting::Port),
            _ => None,
        }
    }
}

/// What the proxy says to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The socket was taken.
    Ready,
    /// Listen on this port too, and hand the socket over.
    Port(u16),
}

impl Word {
    pub fn line(self) -> String {
        match self {
            Word::Ready => "ready\n".to_owned(),
            Word::Port(port) => format!("port {port}\n"),
        }
    }

    pub fn parse(line: &str) -> Option<Self> {
        match line.trim_end().split_once(' ') {
            None if line.trim_end() == "ready" => Some(Word::Ready),
            Some(("port", port)) => port.parse().ok().map(Word::Port),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_understand_each_other() {
        for offer in [Greeting::Proxy, Greeting::Port(11434)] {
            assert_eq!(Greeting::parse(offer.line().as_bytes()), Some(offer));
        }
        for word in [Word::Ready, Word::Port(5432)] {
            assert_eq!(Word::parse(&word.line()), Some(word));
        }
        for bytes in [
            b"CONNECT a.example:443 HTTP/1.1\r\n".as_slice(),
            b"\0bn port 0\n",
            b"\0bn port 99999\n",
            b"\0bn other\n",
            b"\xff",
            b"",
        ] {
            assert_eq!(Greeting::parse(bytes), None);
        }
    }
}
