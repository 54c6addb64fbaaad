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

impl Waits {
    /// Whether somebody's words are what it waits for.
    pub fn is_question(&self) -> bool {
        match self {
            Self::Answer(_) | Self::Permission(_) | Self::Still(Some(_)) => true,
            Self::NextTurn(said) => said.trim_end().ends_with('?'),
            Self::Still(None) => false,
        }
    }
}
