//! The package managers whose caches outlive a run, and where each looks for its own in a home.

/// In the container: the folder that holds them. Beside the graph's, the one place that agents of a repository can all write to:
/// the entrypoint allows no socket in it.
pub const INSIDE: &str = "/caches";

/// What the entrypoint is told.
pub const VARIABLE: &str = "BN_CACHES";

/// Places that their managers have to be told of.
pub const PNPM_STORE: &str = ".local/share/pnpm/store";
pub const YARN: &str = ".cache/yarn";

/// A folder's name in there, and the place in the home at which it appears. Caches alone: no settings, no credentials, nothing
/// that is put on PATH.
const PLACES: [(&str, &str); 15] = [
    ("npm", ".npm"),
    ("pnpm", ".cache/pnpm"),
    ("pnpm-store", PNPM_STORE),
    ("yarn", YARN),
    ("yarn-berry", ".yarn/berry"),
    ("pip", ".cache/pip"),
    ("uv", ".cache/uv"),
    ("poetry", ".cache/pypoetry/cache"),
    ("poetry-artifacts", ".cache/pypoetry/artifacts"),
    ("cargo-registry", ".cargo/registry"),
    ("cargo-git", ".cargo/git"),
    ("go", "go/pkg/mod"),
    ("maven", ".m2/repository"),
    ("gradle", ".gradle/caches"),
    ("gradle-wrapper", ".gradle/wrapper"),
];

/// Where they appear in a home.
pub fn places() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|(_, place)| *place)
}

/// NAME=PLACE words.
pub fn words() -> String {
    PLACES.map(|(name, place)| format!("{name}={place}")).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manager_has_a_folder_of_its_own_and_no_place_holds_another() {
        for (at, (name, place)) in PLACES.iter().enumerate() {
            let others = || PLACES.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, other)| other);
            assert!(others().all(|(other, _)| other != name), "{name}");
            assert!(others().all(|(_, other)| !other.starts_with(&format!("{place}/"))), "{place}");
            assert!(!name.contains(['/', '=', ' ']) && !place.contains(['=', ' ']) && !place.starts_with('/'));
        }
        assert!(words().starts_with("npm=.npm pnpm=.cache/pnpm "));
    }
}
