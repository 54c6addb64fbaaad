//! `bn completions` and `bn man`

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  echo 'source <(bn completions bash)' >>~/.bashrc
  echo 'source <(bn completions zsh)' >>~/.zshrc
  bn completions fish >~/.config/fish/completions/bn.fish";

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell that will read it
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bn man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The folder to write them into; it is made where it is missing
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
}
