//! Moves bytes from one stream to another with bounded memory, and keeps an end apart from a break.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::egress::http::body::{Body, Unfit};
use crate::egress::model::tally::Reading;
use crate::egress::stream::{Stream, write_all};

/// One buffer serves all connections of a thread: only bytes that a slow reader leaves behind are kept for it.
const BUFFER: usize = 256 * 1024;
/// What a connection begins with; it grows while both sides keep up.
const FIRST: usize = 16 * 1024;
/// What is read for one connection when many slow readers hold more than `PLENTY` together.
const LEAST: usize = 4 * 1024;
const PLENTY: usize = 32 * 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into_boxed_slice());
}

/// Bytes that were read and cannot be written yet, of all connections together.
static HELD: AtomicUsize = AtomicUsize::new(0);

struct Held(usize);

impl Held {
    fn claim(bytes: usize) -> Self {
        HELD.fetch_add(bytes, Ordering::Relaxed);
        Self(bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// How a transfer went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the sender broke off")]
    Source(#[source] io::Error),
    #[error("the receiver broke off")]
    Sink(#[source] io::Error),
    #[error("the sender ended too early")]
    Truncated,
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// A stream, and what was read from it ahead of its turn.
#[derive(Debug)]
pub struct Reader<'a> {
    pub stream: &'a Stream,
    pub ahead: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub fn new(stream: &'a Stream) -> Self {
        Self { stream, ahead: Vec::new() }
    }
}

enum Step {
    Wait,
    End,
    /// So much was read; this much of it could not be written.
    Moved(usize, Vec<u8>),
}

/// Moves one body. An end where it is not complete is a break.
pub async fn pump(from: &mut Reader<'_>, to: &Stream, body: &mut Body<'_>) -> Result<(), Broken> {
    let ahead = std::mem::take(&mut from.ahead);
    let own = body.take(&ahead)?;
    write_all(to, &ahead[..own]).await.map_err(Broken::Sink)?;
    from.ahead = ahead[own..].to_vec();
    drop(ahead);
    let mut size = FIRST;
    while !body.is_complete() {
        from.stream.readable().await.map_err(Broken::Source)?;
        let most = if HELD.load(Ordering::Relaxed) < PLENTY { size } else { LEAST };
        let step = SCRATCH.with_borrow_mut(|scratch| step(from, to, body, &mut scratch[..most]))?;
        match step {
            Step::Wait => {}
            Step::End => return if body.may_end_here() { Ok(()) } else { Err(Broken::Truncated) },
            Step::Moved(count, rest) if rest.is_empty() => {
                if count == size {
                    size = (size * 2).min(BUFFER);
                }
            }
            Step::Moved(_, rest) => {
                let _held = Held::claim(rest.len());
                write_all(to, &rest).await.map_err(Broken::Sink)?;
            }
        }
        // One busy stream must not starve the others.
        tokio::task::coop::consume_budget().await;
    }
    Ok(())
}

fn step(from: &mut Reader<'_>, to: &Stream, body: &mut Body<'_>, scratch: &mut [u8]) -> Result<Step, Broken> {
    let count = match from.stream.try_read(scratch).map_err(Broken::Source)? {
        None => return Ok(Step::Wait),
        Some(0) => return Ok(Step::End),
        Some(count) => count,
    };
    let own = body.take(&scratch[..count])?;
    from.ahead.extend_from_slice(&scratch[own..count]);
    let written = to.try_write(&scratch[..own]).map_err(Broken::Sink)?;
    Ok(Step::Moved(count, scratch[written..own].to_vec()))
}

/// Joins two streams until both directions have ended, or one breaks.
///
/// A receiver that is gone does not stop the other direction at once: what its last words were still gets through.
pub async fn tunnel(left: &mut Reader<'_>, right: &mut Reader<'_>) -> Result<(), Broken> {
    tunnel_reading(left, right, None).await
}

/// The same, and what comes from the right one is read as it passes.
pub async fn tunnel_reading(
    left: &mut Reader<'_>,
    right: &mut Reader<'_>,
    reading: Option<&Reading>,
) -> Result<(), Broken> {
    let (to_left, to_right) = (left.stream, right.stream);
    let (there, back) = tokio::try_join!(one_way(left, to_right, None), one_way(right, to_left, reading))?;
    match there.or(back) {
        Some(error) => Err(Broken::Sink(error)),
        None => Ok(()),
    }
}

async fn one_way(from: &mut Reader<'_>, to: &Stream, reading: Option<&Reading>) -> Result<Option<io::Error>, Broken> {
    match pump(from, to, &mut Body::until_close().read_by(reading)).await {
        Ok(()) => {
            to.finish();
            Ok(None)
        }
        Err(Broken::Sink(error)) => Ok(Some(error)),
        Err(broken) => Err(broken),
    }
}
