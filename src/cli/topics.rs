//! What `bn help TOPIC` prints: what belongs to no single command.

pub struct Topic {
    pub name: &'static str,
    pub text: &'static str,
}

pub const TOPICS: [Topic; 4] = [
    Topic { name: "exit-codes", text: include_str!("topics/exit-codes.txt") },
    Topic { name: "environment", text: include_str!("topics/environment.txt") },
    Topic { name: "network", text: include_str!("topics/network.txt") },
    Topic { name: "files", text: include_str!("topics/files.txt") },
];

/// The line below the commands of `bn --help`.
pub const LISTED: &str = "More: bn help exit-codes | environment | network | files";
