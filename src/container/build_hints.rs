//! Why a build failed, from what buildah said last, and what to do about it.

use std::collections::BTreeSet;

use crate::container::registry::{self, Refusal};

/// What is built from which text.
#[derive(Clone, Copy)]
pub struct Built<'a> {
    pub text: &'a str,
    /// bn's own definition, and not one of the project's or the user's.
    pub own: bool,
}

/// What to do next. Nothing where buildah's own words are all that can be said.
pub fn hints(said: &str, built: Built) -> Vec<String> {
    if let Some(hints) = no_user_namespace(said) {
        return hints;
    }
    let Some(error) = said.lines().rev().find(|line| line.starts_with("Error: ")) else { return Vec::new() };
    here_document(error, built)
        .or_else(|| missing_source(error))
        .or_else(|| base_out_of_reach(error, built))
        .or_else(|| missing_ids(error))
        .or_else(|| missing_shell(said, error, built))
        .unwrap_or_default()
}

/// buildah says so before it builds anything, and then speaks of process ids.
fn no_user_namespace(said: &str) -> Option<Vec<String>> {
    said.contains("Error during unshare(").then(|| {
        let what = "the kernel does not let your user make a user namespace, which building without root takes";
        vec![format!("{what}: bn container doctor says what to change")]
    })
}

/// The instruction that failed, as buildah quotes it.
fn step(error: &str) -> Option<&str> {
    error.split_once("building at STEP \"")?.1.split_once("\": ").map(|(step, _)| step)
}

fn here_document(error: &str, built: Built) -> Option<Vec<String>> {
    let unknown = error.split_once("Unknown instruction: \"").and_then(|(_, rest)| rest.split('"').next());
    let of_a_document =
        unknown.is_some_and(|word| here_document_words(built.text).contains(&word.to_ascii_uppercase()));
    let copied = error.contains("copier: stat: \"/<<");
    (of_a_document || copied).then(|| {
        vec![
            "this buildah knows no here-documents (<<EOF): update it to 1.33 or later".to_owned(),
            "or write it without one: RUN with && between the commands, printf '%s\\n' LINE > FILE for a file"
                .to_owned(),
        ]
    })
}

/// The first words of all lines within here-documents, in capitals.
fn here_document_words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut end: Option<&str> = None;
    for line in text.lines() {
        match end {
            Some(word) if line.trim() == word => end = None,
            Some(_) => words.extend(line.split_whitespace().next().map(str::to_ascii_uppercase)),
            None => end = here_document_end(line),
        }
    }
    words
}

/// The word that ends the here-document that this line begins.
fn here_document_end(line: &str) -> Option<&str> {
    let instruction = line.split_whitespace().next()?.to_ascii_uppercase();
    let rest = line.split_once("<<")?.1.trim_start_matches('-').trim_start_matches(['"', '\'']);
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    (["RUN", "COPY", "ADD"].contains(&instruction.as_str()) && length > 0).then(|| &rest[..length])
}

fn missing_source(error: &str) -> Option<Vec<String>> {
    let step = step(error).filter(|step| !step.contains("--from=") && error.contains("checking on sources under"))?;
    let instruction = step.split_whitespace().next()?;
    let stat = error.split_once("copier: stat: \"/").and_then(|(_, rest)| rest.split('"').next());
    let source = stat.or_else(|| step.split_whitespace().skip(1).find(|word| !word.starts_with("--")))?;
    Some(vec![
        format!(
            "{instruction} found no {source}: the build context holds bn, entrypoint.sh, install.sh and the Containerfile, and \
             nothing of the project"
        ),
        "make the file in the definition, with RUN; an agent finds the project itself in /workspace".to_owned(),
    ])
}

fn base_out_of_reach(error: &str, built: Built) -> Option<Vec<String>> {
    let base = error.split_once("initializing source docker://")?.1.split(": ").next()?;
    let other = match built.own {
        true => "start from one that is there: bn container build --base-image REF",
        false => "start from one that is there, in FROM",
    };
    let look = "list your images: buildah images".to_owned();
    if base.starts_with("localhost/") {
        return Some(vec![format!("there is no image {base} in your own store: {other}"), look]);
    }
    let Refusal { why, hint, unanswered } = registry::refusal(base, error);
    let own = unanswered.then(|| format!("{base} is not in your own store: {other}"));
    Some([Some(why), own, Some(hint)].into_iter().flatten().collect())
}

fn missing_ids(error: &str) -> Option<Vec<String>> {
    let missing = error.contains("insufficient UIDs or GIDs") || error.contains("no subuid ranges found");
    missing.then(|| {
        vec![
            "your user has no range of uids to build with: \
             sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER"
                .to_owned(),
        ]
    })
}

fn missing_shell(said: &str, error: &str, built: Built) -> Option<Vec<String>> {
    step(error).filter(|step| step.starts_with("RUN"))?;
    let no_shell = said.contains("exec: \"/bin/sh\": stat");
    let no_bash = ["bash: not found", "bash: command not found", "exec: \"bash\"", "exec: \"/bin/bash\""];
    if !no_shell && !no_bash.iter().any(|words| said.contains(words)) {
        return None;
    }
    let shell = if no_shell { "/bin/sh" } else { "bash" };
    Some(vec![match built.own {
        true => format!(
            "the base has no {shell}: take one with bash, and apt-get or dnf: bn container build --base-image REF"
        ),
        false => format!("there is no {shell} at this step: install it before, or take a base that has it"),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &str, text: &str, own: bool) -> String {
        hints(error, Built { text, own }).join("\n")
    }

    #[test]
    fn nothing_is_guessed_where_nothing_fits() {
        for said in [
            "",
            "Error: building at STEP \"RUN false\": while running runtime: exit status 1\n",
            "bash: not found\nError: building at STEP \"COPY a b\": no space left on device\n",
            "Error: building at STEP \"FOO \": Build error: Unknown instruction: \"FOO\"\n",
            "Error: building at STEP \"COPY --from=one /a /b\": checking on sources under \"/m\": copier: stat: \"/a\": no such file\n",
        ] {
            assert_eq!(told(said, "FROM x\nRUN <<EOF\necho\nEOF\nFOO\n", false), "", "{said}");
        }
    }

    #[test]
    fn a_user_who_may_make_no_user_namespace() {
        let said = "Error during unshare(CLONE_NEWUSER): Operation not permitted\n\
                    time=\"2026-11-26T21:17:47Z\" level=error msg=\"(Unable to determine exit status)\"\n";
        assert!(told(said, "", true).ends_with("bn container doctor says what to change"));
    }

    #[test]
    fn words_within_here_documents() {
        let words = |text: &str| here_document_words(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(
            words("RUN <<EOF\napt-get update\n  foo\nEOF\nFOO\ncopy <<-'A b' /x\nc\nA\nENV A=1<<2\nx\n"),
            "APT-GET C FOO"
        );
    }

    #[test]
    fn a_registry_that_answers_no() {
        let error = |what: &str| {
            format!(
                "Error: creating build container: initializing source docker://reg.example:5000/a/x:1: reading manifest 1 in reg.example:5000/a/x: {what}\n"
            )
        };
        let told = |what: &str| told(&error(what), "", true);
        insta::assert_snapshot!(told("manifest unknown: manifest unknown"), @r"
        the registry reg.example:5000 has no reg.example:5000/a/x:1
        check the name and the tag
        ");
        let login = "the registry reg.example:5000 does not give you reg.example:5000/a/x:1: you have no login there, or one \
                     that it refuses\nlog in: buildah login reg.example:5000";
        assert_eq!(told("unauthorized: authentication required"), login);
        assert_eq!(told("denied: requested access to the resource is denied"), login);
        insta::assert_snapshot!(told("toomanyrequests: later"), @r"
        buildah could not fetch reg.example:5000/a/x:1: later
        check the name, or log in: buildah login reg.example:5000
        ");
    }

    #[test]
    fn a_registry_without_tls() {
        let error = "Error: creating build container: initializing source docker://r.example/x:1: pinging container registry r.example: Get \"https://r.example/v2/\": http: server gave HTTP response to HTTPS client\n";
        insta::assert_snapshot!(told(error, "", true), @r"
        the registry r.example speaks plain HTTP, and buildah wants TLS
        where that is meant, fetch r.example/x:1 first: buildah pull --tls-verify=false r.example/x:1
        ");
    }
}
