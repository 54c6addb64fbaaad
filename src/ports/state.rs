//! What the host wants to be open, and what is: two files that only the host can write, between whoever types and the owner of a run.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ports::published::Published;

/// A port that is to be opened, and the word by which its answer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub word: String,
    pub published: Published,
}

/// Adds a wish to the file of a run that is going on.
pub fn add(file: &Path, wish: &Wish) -> io::Result<()> {
    // One write of a whole line to the end: two of these at once lose nothing.
    let mut open = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    open.write_all(format!("{} {}\n", wish.word, wish.published).as_bytes())
}

/// The whole lines of the file.
pub(super) fn wishes(text: &str) -> Vec<Wish> {
    let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let wish = |line: &str| {
        let (word, published) = line.split_once(' ')?;
        Some(Wish { word: word.to_owned(), published: published.parse().ok()? })
    };
    lines.filter_map(wish).collect()
}

/// What became of one wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub word: String,
    /// Where the host listens; empty where it could not.
    pub addresses: Vec<std::net::SocketAddr>,
    /// The container's port.
    pub port: u16,
    pub error: Option<String>,
}

/// What is open. A run without an owner has nothing open, whatever its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// There is somebody inside who connects: an image with an older bn has nobody.
    pub dialler: bool,
    pub ports: Vec<Port>,
}

impl Ports {
    /// Reads the file; where there is none, nothing is open.
    pub fn read(file: &Path) -> io::Result<Self> {
        match std::fs::read(file) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("/"));
        let mut beside = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        beside.write_all(&serde_json::to_vec(self)?)?;
        beside.persist(file).map(drop).map_err(|error| error.error)
    }

    /// Those that are open.
    pub fn open(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().filter(|port| port.error.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_as_they_were_written_and_half_a_line_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ports");
        let wish = |word: &str, typed: &str| Wish { word: word.to_owned(), published: typed.parse().unwrap() };
        let all = [wish("a", "8080:3000"), wish("b", "0.0.0.0:1:2"), wish("c", "[::1]::4")];
        all.iter().for_each(|wish| add(&file, wish).unwrap());
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(wishes(&text), all);
        assert_eq!(wishes(&format!("{text}d 80:8")).len(), 3);
        assert_eq!(wishes("nonsense\n x\na b c\n"), []);
    }

    #[test]
    fn what_is_open_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ports.json");
        assert_eq!(Ports::read(&file).unwrap(), Ports::default());
        let port = |error: Option<&str>| Port {
            word: "w".to_owned(),
            addresses: vec!["127.0.0.1:8080".parse().unwrap()],
            port: 3000,
            error: error.map(str::to_owned),
        };
        let ports = Ports { dialler: true, ports: vec![port(None), port(Some("in use"))] };
        ports.write(&file).unwrap();
        assert_eq!(Ports::read(&file).unwrap(), ports);
        assert_eq!(ports.open().count(), 1);
    }
}
