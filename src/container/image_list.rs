//! The images that buildah and containerd list, as values.

use serde_json::Value;

/// An image in buildah's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Such as `sha256:2c26…`.
    pub id: String,
    pub names: Vec<String>,
    pub bytes: Option<u64>,
}

/// What `buildah images --json --no-trunc` prints: an entry for each image, or for each name of one.
pub fn stored(json: &str) -> Vec<Stored> {
    let listed: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let mut found: Vec<Stored> = Vec::new();
    for image in &listed {
        let Some(id) = image["id"].as_str() else { continue };
        let id = format!("sha256:{}", id.trim_start_matches("sha256:"));
        let names = image["names"].as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
        let bytes = image["size"].as_u64().or_else(|| image["size"].as_str().and_then(bytes));
        match found.iter_mut().find(|other| other.id == id) {
            Some(other) => {
                let new: Vec<String> = names.filter(|name| !other.names.contains(name)).collect();
                other.names.extend(new);
            }
            None => found.push(Stored { id, names: names.collect(), bytes }),
        }
    }
    found
}

/// The size of an image in the table of `ctr images ls`.
pub fn size_in(table: &str, reference: &str) -> Option<u64> {
    let row = table.lines().find(|row| row.split_whitespace().next() == Some(reference))?;
    let words: Vec<&str> = row.split_whitespace().collect();
    let unit = words.iter().position(|word| word.ends_with('B') && factor(word).is_some())?;
    bytes(&format!("{} {}", words.get(unit.checked_sub(1)?)?, words[unit]))
}

/// The images that the table of `ctr images ls` names.
pub fn references(table: &str) -> impl Iterator<Item = &str> {
    table.lines().skip(1).filter_map(|row| row.split_whitespace().next())
}

/// The images that the table of `ctr containers ls` names.
pub fn used(table: &str) -> impl Iterator<Item = &str> {
    table.lines().skip(1).filter_map(|row| row.split_whitespace().nth(1))
}

/// `347 MB`, `1.5 GiB`
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_once(' ')?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size for people")]
    Some((number.parse::<f64>().ok()? * factor(unit)?) as u64)
}

fn factor(unit: &str) -> Option<f64> {
    Some(match unit {
        "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_buildah_lists() {
        let json = r#"[{"id":"ab","names":["localhost/x:1"],"size":"347 MB"},{"id":"ab","names":["localhost/x:2"],"size":"347 MB"},
            {"id":"cd","names":null,"size":"1.5 GB"}]"#;
        let names = ["localhost/x:1", "localhost/x:2"].map(str::to_owned).to_vec();
        let expected = [
            Stored { id: "sha256:ab".to_owned(), names, bytes: Some(347_000_000) },
            Stored { id: "sha256:cd".to_owned(), names: Vec::new(), bytes: Some(1_500_000_000) },
        ];
        assert_eq!(stored(json), expected);
        assert!(stored("no json").is_empty());
    }

    #[test]
    fn what_containerd_lists() {
        let table = "REF TYPE DIGEST SIZE PLATFORMS LABELS\nlocalhost/x:1 application/vnd.oci sha256:dd 2.0 MiB linux/amd64 bn.image-id=x\n";
        assert_eq!(size_in(table, "localhost/x:1"), Some(2 << 20));
        assert_eq!(size_in(table, "localhost/x"), None);
        assert_eq!(references(table).collect::<Vec<_>>(), ["localhost/x:1"]);
        let table = "CONTAINER IMAGE RUNTIME\nagent-1 localhost/x:1 io.containerd.runc.v2\n";
        assert_eq!(used(table).collect::<Vec<_>>(), ["localhost/x:1"]);
    }
}
