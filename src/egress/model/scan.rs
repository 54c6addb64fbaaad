//! How many tokens an answer says that it has used: looked for in its bytes as they pass.

/// More than a number that somebody believes.
const MOST_DIGITS: usize = 12;
/// Names longer than this are none that is looked for.
const LONGEST: usize = 32;

/// What one answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub input: u64,
    pub output: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Outside of a name.
    Between,
    /// In what may be a name; whether the last byte was a backslash.
    Name(bool),
    /// Behind a name that counts, before its number.
    Colon,
    Number,
}

/// Reads JSON, events and messages with JSON in them alike: a name in quotes, a colon, a number. In a model's own words each quote
/// has a backslash before it.
#[derive(Debug)]
pub struct Scan {
    place: Place,
    name: Vec<u8>,
    digits: Vec<u8>,
    plain: u64,
    cached: [u64; 2],
    output: u64,
    /// Of the answers before, on a connection that carries many.
    before: Used,
    many: bool,
}

impl Scan {
    /// `many` where more than one answer comes on one connection.
    pub fn new(many: bool) -> Self {
        let (name, digits) = (Vec::new(), Vec::new());
        Self { place: Place::Between, name, digits, plain: 0, cached: [0; 2], output: 0, before: Used::default(), many }
    }

    pub fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// Events repeat the counts as they grow: the largest is the last.
    pub fn used(&self) -> Used {
        let input = self.cached.iter().fold(self.plain, |sum, more| sum.saturating_add(*more));
        Used { input: self.before.input.saturating_add(input), output: self.before.output.saturating_add(self.output) }
    }

    fn step(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Name(false), b'"') if self.is_counted() => Place::Colon,
            // The end of another name may as well be the beginning of the next one.
            (Place::Between | Place::Colon | Place::Name(false), b'"') => self.begin(),
            (Place::Name(escaped), _) => {
                if self.name.len() < LONGEST {
                    self.name.push(byte);
                }
                Place::Name(byte == b'\\' && !escaped)
            }
            (Place::Colon, b':' | b' ') => Place::Colon,
            (Place::Colon | Place::Number, b'0'..=b'9') => {
                self.digits.push(byte);
                Place::Number
            }
            (Place::Number, _) => {
                self.count();
                self.digits.clear();
                if byte == b'"' { self.begin() } else { Place::Between }
            }
            (Place::Between | Place::Colon, _) => Place::Between,
        };
    }

    fn begin(&mut self) -> Place {
        self.name.clear();
        Place::Name(false)
    }

    fn is_counted(&self) -> bool {
        const NAMES: [&[u8]; 6] = [
            b"input_tokens",
            b"prompt_tokens",
            b"cache_creation_input_tokens",
            b"cache_read_input_tokens",
            b"output_tokens",
            b"completion_tokens",
        ];
        NAMES.contains(&self.name.as_slice())
    }

    fn count(&mut self) {
        if self.digits.len() > MOST_DIGITS {
            return;
        }
        let number = self.digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        match self.name.as_slice() {
            b"input_tokens" | b"prompt_tokens" => self.plain = self.plain.max(number),
            b"cache_creation_input_tokens" => self.cached[0] = self.cached[0].max(number),
            b"cache_read_input_tokens" => self.cached[1] = self.cached[1].max(number),
            _ => {
                self.output = self.output.max(number);
                if self.many {
                    self.before = self.used();
                    (self.plain, self.cached, self.output) = (0, [0; 2], 0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn used(text: &str) -> (u64, u64) {
        let mut scan = Scan::new(false);
        scan.see(text.as_bytes());
        (scan.used().input, scan.used().output)
    }

    const MESSAGES: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":25,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":1}}}

event: content_block_delta
data: {"type":"content_block_delta","delta":{"text":"a \"input_tokens\": 99999, and {\"output_tokens\":77777}"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}
"#;

    #[test]
    fn what_an_answer_says_is_found_and_what_a_model_says_is_not() {
        assert_eq!(used(MESSAGES), (1125, 15));
        assert_eq!(used(r#"{"usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}}"#), (9, 12));
        let completed = r#"data: {"type":"response.completed","response":{"text":"\\","usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}}"#;
        assert_eq!(used(completed), (7, 3));
        assert_eq!(used(r#"{"input_tokens":null,"output_tokens":"5","other":1}"#), (0, 0));
        assert_eq!(used(r#"{"input_tokens":99999999999999999999999999}"#), (0, 0));
    }

    #[test]
    fn answers_on_one_connection_add_up() {
        let mut scan = Scan::new(true);
        for _ in 0..3 {
            scan.see(br#"{"response":{"usage":{"input_tokens":10,"output_tokens":2}}}"#);
        }
        assert_eq!(scan.used(), Used { input: 30, output: 6 });
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_arrive(cut in 1_usize..50) {
            let mut scan = Scan::new(false);
            MESSAGES.as_bytes().chunks(cut).for_each(|piece| scan.see(piece));
            prop_assert_eq!(scan.used(), Used { input: 1125, output: 15 });
        }

        #[test]
        fn nothing_makes_it_fail(bytes: Vec<u8>) {
            let mut scan = Scan::new(true);
            scan.see(&bytes);
            scan.see(br#""input_tokens":"#);
            scan.see(&bytes);
        }
    }
}
