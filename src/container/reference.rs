//! Image references.

use crate::error::Usage;

/// The repository of images that `bn` builds.
const REPOSITORY: &str = "localhost/binnacle-self";

/// `--tag` as a full reference: a bare tag belongs to `bn`'s own repository, anything with a `/` is taken as it is.
pub fn image_reference(tag: &str) -> Result<String, Usage> {
    if tag.contains('/') {
        return full_reference(tag);
    }
    if is_tag(tag) {
        return Ok(format!("{REPOSITORY}:{tag}"));
    }
    let error = Usage::new(format!("'{tag}' is not an image tag"));
    Err(match tag.split_once(':') {
        Some((name, rest)) if !name.is_empty() && is_tag(rest) => {
            error.hint(format!("for an image of that name: --tag localhost/{tag}"))
        }
        _ => error.hint("a tag is up to 128 letters, digits, '_', '.' and '-', such as v0.5.0"),
    })
}

fn full_reference(reference: &str) -> Result<String, Usage> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "/:._-@".contains(c);
    if reference.chars().all(legal) && !reference.starts_with(['/', '-', ':']) && !reference.ends_with(['/', ':']) {
        let last = reference.rsplit('/').next().unwrap_or(reference);
        let tagged = last.contains(':') || last.contains('@');
        return Ok(if tagged { reference.to_owned() } else { format!("{reference}:latest") });
    }
    Err(Usage::new(format!("'{reference}' is not an image reference")).hint("such as localhost/my-agents:v2"))
}

fn is_tag(tag: &str) -> bool {
    let starts_well = tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    starts_well && tag.len() <= 128 && tag.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_references() {
        let ok = |tag: &str| image_reference(tag).unwrap();
        assert_eq!(ok("latest"), "localhost/binnacle-self:latest");
        assert_eq!(ok("v0.5.0"), "localhost/binnacle-self:v0.5.0");
        assert_eq!(ok("localhost/mine:1"), "localhost/mine:1");
        assert_eq!(ok("registry.example:5000/team/mine"), "registry.example:5000/team/mine:latest");
        for bad in ["", "-x", "a b", "mine:1", "x/", "/x", &"a".repeat(129), "../x y"] {
            assert!(image_reference(bad).is_err(), "{bad:?}");
        }
    }
}
