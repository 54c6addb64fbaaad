//! What an agent may wait for.

/// What an agent waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// An answer to this question.
    Answer(String),
    /// Leave to do this.
    Permission(String),
    /// Its turn has ended, and it said this last.
    NextTurn(String),
    /// It shows nothing new. This is the last of it where that is a question.
    Still(Option<String>),
}
