//! `bn container dialler`: inside a container, what connects the host's clients of published ports to the programs there.

use crate::cli::container::DiallerArgs;
use crate::commands::Exit;
use crate::error::Failure;
use crate::ports::dialler;

pub fn run(args: &DiallerArgs) -> Result<Exit, Failure> {
    dialler::run(&args.socket)
}
