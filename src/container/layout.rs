//! Images as OCI's image specification describes them: digests, manifests, and the folder that is called a layout.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The name of something by its content, such as `sha256:2c26…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    const ALGORITHM: &str = "sha256:";

    /// `None` for what is no SHA-256: the digits become a file's name.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::ALGORITHM)?;
        let is_digit = |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
        (digits.len() == 64 && digits.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    pub fn of(content: &[u8]) -> Self {
        let digits: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{}{digits}", Self::ALGORITHM))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the name of the algorithm.
    pub fn digits(&self) -> &str {
        &self.0[Self::ALGORITHM.len()..]
    }

    /// Where a layout has what is called this.
    pub fn path(&self) -> String {
        format!("blobs/sha256/{}", self.digits())
    }
}

/// Layers by what they are unpacked, and how a manifest names them. The same layer can be packed in different ways.
pub type Layers = BTreeMap<Digest, Value>;

/// The manifests' digests in the table of `ctr images ls`.
pub fn manifests(table: &str) -> Vec<Digest> {
    table.lines().filter_map(|row| row.split_whitespace().find_map(Digest::parse)).collect()
}

/// The digest of the configuration that a manifest names. A list of manifests names none.
pub fn configuration(manifest: &Value) -> Option<Digest> {
    Digest::parse(manifest["config"]["digest"].as_str()?)
}

/// The layers of an image, from its manifest and its configuration.
pub fn layers(manifest: &Value, configuration: &Value) -> Layers {
    let all = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let (named, unpacked) = (all(&manifest["layers"]), all(&configuration["rootfs"]["diff_ids"]));
    if named.len() != unpacked.len() {
        return Layers::new();
    }
    let unpacked = unpacked.iter().map(|id| id.as_str().and_then(Digest::parse));
    unpacked.zip(named).filter_map(|(id, layer)| Some((id?, layer))).collect()
}

/// The manifest with these layers in place of those that have their digests.
pub fn with_layers(mut manifest: Value, held: &Layers) -> Value {
    for layer in manifest["layers"].as_array_mut().into_iter().flatten() {
        let digest = layer["digest"].as_str().and_then(Digest::parse);
        if let Some(other) = digest.and_then(|digest| held.get(&digest)) {
            *layer = other.clone();
        }
    }
    manifest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(digit: char) -> Digest {
        Digest::parse(&format!("sha256:{}", digit.to_string().repeat(64))).unwrap()
    }

    #[test]
    fn digests() {
        assert_eq!(digest('a').path(), format!("blobs/sha256/{}", "a".repeat(64)));
        assert_eq!(
            Digest::of(b"foo").as_str(),
            "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        );
        for odd in ["", "sha256:", "sha512:aa", &format!("sha256:{}", "A".repeat(64)), "sha256:../../etc/passwd"] {
            assert_eq!(Digest::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_manifest_takes_the_layers_that_are_held_already() {
        let held_manifest = json!({"layers": [{"digest": digest('b').as_str(), "size": 7, "mediaType": "gzip"}]});
        let configuration = json!({"rootfs": {"diff_ids": [digest('a').as_str()]}});
        let held = layers(&held_manifest, &configuration);
        let manifest =
            json!({"config": {}, "layers": [{"digest": digest('a').as_str()}, {"digest": digest('c').as_str()}]});
        let whole = with_layers(manifest, &held);
        assert_eq!(whole["layers"][0], held_manifest["layers"][0]);
        assert_eq!(whole["layers"][1]["digest"], digest('c').as_str());
    }

    #[test]
    fn what_is_no_image_has_no_layers() {
        assert_eq!(configuration(&json!({"manifests": []})), None);
        assert_eq!(
            layers(&json!({"layers": [{}, {}]}), &json!({"rootfs": {"diff_ids": [digest('a').as_str()]}})),
            Layers::new()
        );
        assert_eq!(layers(&json!({}), &json!([])), Layers::new());
    }

    #[test]
    fn the_table_of_images() {
        let table = format!("REF TYPE DIGEST SIZE\nlocalhost/x:1 application/vnd.oci {} 3 B -\n", digest('d').as_str());
        assert_eq!(manifests(&table), [digest('d')]);
    }
}
