//! DNS messages: the one question that is asked, and what is read from the answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HEADER: usize = 12;
const CLASS_IN: u16 = 1;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    A = 1,
    Aaaa = 28,
}

/// Response codes.
pub const NO_ERROR: u8 = 0;
pub const NO_SUCH_NAME: u8 = 3;

/// An answer to the question that was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: u8,
    /// There is more than fits a datagram: ask again over TCP.
    pub truncated: bool,
    pub addresses: Vec<IpAddr>,
}

/// A recursive query. `name` is well formed: labels of 1 to 63 bytes, 253 in all.
pub fn query(id: u16, name: &str, record: Record) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + name.len() + 6);
    message.extend(id.to_be_bytes());
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(question(name, record));
    message
}

fn question(name: &str, record: Record) -> Vec<u8> {
    let label = |label: &str| {
        let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
        std::iter::once(length).chain(label.bytes()).collect::<Vec<u8>>()
    };
    let mut bytes: Vec<u8> = name.split('.').flat_map(label).collect();
    bytes.push(0);
    bytes.extend((record as u16).to_be_bytes());
    bytes.extend(CLASS_IN.to_be_bytes());
    bytes
}

/// Reads an answer. `None` where it is no answer to this question, and where it is damaged.
pub fn answer(message: &[u8], id: u16, name: &str, record: Record) -> Option<Answer> {
    let number = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
    let (flags, code) = (*message.get(2)?, *message.get(3)? & 0x0f);
    let asked = question(name, record);
    let echoed = message.get(HEADER..HEADER + asked.len())?;
    if number(0)? != id || flags & 0x80 == 0 || number(4)? != 1 || !echoed.eq_ignore_ascii_case(&asked) {
        return None;
    }
    let mut at = HEADER + asked.len();
    let mut addresses = Vec::new();
    for _ in 0..number(6)? {
        at = skip_name(message, at)?;
        let (kind, class, length) = (number(at)?, number(at + 2)?, usize::from(number(at + 8)?));
        let data = message.get(at + 10..at + 10 + length)?;
        if kind == record as u16 && class == CLASS_IN {
            addresses.push(address(data)?);
        }
        at += 10 + length;
    }
    Some(Answer { code, truncated: flags & 0x02 != 0, addresses })
}

fn address(data: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(data).map(|octets| Ipv4Addr::from(octets).into());
    v4.or_else(|_| <[u8; 16]>::try_from(data).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

/// The place after a name, which ends with an empty label or a pointer.
fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length if length & 0xc0 == 0 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a server sends back: the question, an alias, and the addresses.
    pub fn reply(query: &[u8], code: u8, truncated: bool, addresses: &[IpAddr]) -> Vec<u8> {
        let mut message = query.to_vec();
        message[2] = 0x81 | if truncated { 2 } else { 0 };
        message[3] = 0x80 | code;
        message[7] = u8::try_from(addresses.len() + 1).unwrap();
        message.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, b'x', 0xc0, 12]);
        for address in addresses {
            let (kind, octets) = match address {
                IpAddr::V4(address) => (1, address.octets().to_vec()),
                IpAddr::V6(address) => (28, address.octets().to_vec()),
            };
            message.extend([1, b'x', 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 9, 0, u8::try_from(octets.len()).unwrap()]);
            message.extend(octets);
        }
        message
    }

    #[test]
    fn the_addresses_of_an_answer_are_read_past_aliases() {
        let addresses: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let asked = query(7, "a.example", Record::A);
        let message = reply(&asked, 0, false, &addresses);
        assert_eq!(answer(&message, 7, "a.example", Record::A), Some(Answer { code: 0, truncated: false, addresses }));
        assert_eq!(answer(&message, 8, "a.example", Record::A), None);
        assert_eq!(answer(&message, 7, "b.example", Record::A), None);
        assert_eq!(answer(&message, 7, "a.example", Record::Aaaa), None);
        assert_eq!(answer(&asked, 7, "a.example", Record::A), None, "a question is no answer");
    }

    proptest! {
        #[test]
        fn damaged_answers_are_read_without_harm(cut in 0_usize..120, at in 0_usize..120, byte: u8) {
            let asked = query(7, "a.example", Record::Aaaa);
            let mut message = reply(&asked, 0, false, &["2001:db8::1".parse().unwrap()]);
            if let Some(slot) = message.get_mut(at) {
                *slot = byte;
            }
            message.truncate(cut);
            answer(&message, 7, "a.example", Record::Aaaa);
        }

        #[test]
        fn noise_is_no_answer(noise: Vec<u8>) {
            prop_assert_eq!(answer(&noise, 7, "a.example", Record::A), None);
        }
    }
}
