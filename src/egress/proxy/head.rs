//! Reading the head of a message, byte by byte as far as it has arrived.

use std::time::Duration;

use crate::egress::http::head::length;
use crate::egress::http::reply::Reply;
use crate::egress::pump::Reader;

/// How long a head may take to arrive, the wait for its first byte included.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// What is read at once while a head is not complete.
pub const PIECE: usize = 4 * 1024;

impl Reader<'_> {
    /// Reads one head. `None` where the client ended, or was silent, before it said anything.
    pub async fn head(&mut self, most: usize) -> Result<Option<Vec<u8>>, Reply> {
        let mut seen = 0;
        loop {
            // Empty lines before a request are to be ignored, says RFC 9112.
            let blank = self.ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if seen == 0 {
                self.ahead.drain(..blank);
            }
            if self.ahead.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
                return Err(Reply::new(400, "this is no HTTP/1 message"));
            }
            if let Some(end) = length(&self.ahead, seen) {
                let rest = self.ahead.split_off(end);
                return Ok(Some(std::mem::replace(&mut self.ahead, rest)));
            }
            seen = self.ahead.len();
            if seen >= most {
                return Err(Reply::new(431, "the head of the message is too large"));
            }
            match self.more(PIECE.min(most - seen)).await {
                Ok(0) if seen == 0 => return Ok(None),
                Ok(0) | Err(_) => return Err(Reply::new(400, "the message ends too early")),
                Ok(_) => {}
            }
        }
    }

    pub async fn more(&mut self, most: usize) -> std::io::Result<usize> {
        loop {
            self.stream.readable().await?;
            let mut piece = [0; PIECE];
            if let Some(count) = self.stream.try_read(&mut piece[..most])? {
                self.ahead.extend_from_slice(&piece[..count]);
                return Ok(count);
            }
        }
    }
}
