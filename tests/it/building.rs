//! What a build that fails answers, by what buildah said.

use std::fs;

use crate::world::{Answer, WRITE_ID, World, answer};

const REFERENCE: &str = "localhost/binnacle-self:latest";

/// Builds this definition with a buildah that says this at its end; without one, bn's own.
fn build(definition: Option<&str>, said: &str) -> Answer {
    let world = World::new();
    fs::write(world.path("said"), said).unwrap();
    let said = world.path("said");
    world.fake("buildah", &format!("while read -r line; do echo \"$line\" >&2; done < {}; exit 125", said.display()));
    world.fake("tar", "exit 0");
    let file = world.path("Definition");
    let mut line = vec!["container", "build"];
    if let Some(text) = definition {
        fs::write(&file, text).unwrap();
        line.extend(["--file", file.to_str().unwrap()]);
    }
    world.bn(&line)
}

/// buildah's words are passed on but for its last line, and after them stand what that comes to, these hints and no other.
#[track_caller]
fn hints(definition: Option<&str>, said: &str, hints: &[&str]) {
    let failed = build(definition, said);
    let (printed, last) =
        said.trim_end().rsplit_once('\n').map_or(("", said.trim_end()), |(printed, last)| (printed, last));
    let error = format!("Error: buildah could not build {REFERENCE}: ");
    let hints: String = hints.iter().map(|hint| format!("hint: {hint}\n")).collect();
    let (before, after) = failed.stderr.split_once(&error).unwrap_or_else(|| panic!("{failed:?}"));
    assert!(before.trim_end().ends_with(printed) && !failed.stderr.contains(last), "{failed:?}");
    let (_, after) = after.split_once('\n').unwrap();
    assert_eq!((after, failed.code), (hints.as_str(), 125), "{said}");
}

#[test]
fn a_command_that_fails_by_itself_has_no_hint() {
    hints(
        Some("FROM x\nRUN make\n"),
        "make: *** No rule to make target 'all'.  Stop.\nError: building at STEP \"RUN make\": while running runtime: exit status 2\n",
        &[],
    );
}

#[test]
fn a_file_that_is_not_in_the_build_context() {
    let said = "Error: building at STEP \"COPY package.json /srv/\": checking on sources under \"/var/tmp/c\": copier: stat: \"/package.json\": no such file or directory\n";
    let holds = "COPY found no package.json: the build context holds bn, entrypoint.sh, install.sh and the Containerfile, and \
                 nothing of the project";
    let instead = "make the file in the definition, with RUN; an agent finds the project itself in /workspace";
    hints(Some("FROM x\nCOPY package.json /srv/\n"), said, &[holds, instead]);
}

#[test]
fn a_here_document_that_this_buildah_does_not_know() {
    let update = "this buildah knows no here-documents (<<EOF): update it to 1.33 or later";
    let instead = "or write it without one: RUN with && between the commands, printf '%s\\n' LINE > FILE for a file";
    hints(
        Some("FROM x\nRUN <<EOF\napt-get update\nEOF\n"),
        "Error: building at STEP \"APT-GET \": Build error: Unknown instruction: \"APT-GET\" &imagebuilder.Step{Command:\"apt-get\"}\n",
        &[update, instead],
    );
    hints(
        Some("FROM x\nCOPY <<EOF /x\nhello\nEOF\n"),
        "Error: building at STEP \"COPY <<EOF /x\": checking on sources under \"/c\": copier: stat: \"/<<EOF\": no such file or directory\n",
        &[update, instead],
    );
}

#[test]
fn a_base_that_is_out_of_reach() {
    let said = |base: &str| {
        format!(
            "Error: creating build container: initializing source docker://{base}: pinging container registry r: Get \"https://r/v2/\": dial tcp: lookup r: no such host\n"
        )
    };
    let there = "list your images: buildah images";
    let silent = "the registry r.example does not answer: no such host";
    let own =
        "r.example/x:1 is not in your own store: start from one that is there: bn container build --base-image REF";
    hints(None, &said("r.example/x:1"), &[silent, own, there]);
    let theirs = "there is no image localhost/x:1 in your own store: start from one that is there, in FROM";
    hints(Some("FROM localhost/x:1\n"), &said("localhost/x:1"), &[theirs, there]);
}

#[test]
fn a_user_without_a_range_of_uids() {
    hints(
        None,
        "Error: creating build container: writing blob: potentially insufficient UIDs or GIDs available in user namespace (requested 0:42 for /etc/gshadow)\n",
        &["your user has no range of uids to build with: sudo usermod --add-subuids 100000-165535 --add-subgids \
           100000-165535 $USER"],
    );
}

#[test]
fn a_base_without_bash() {
    let said = "/bin/sh: 1: bash: not found\nError: building at STEP \"RUN bash /usr/local/lib/binnacle/install.sh system\": while running runtime: exit status 127\n";
    hints(
        None,
        said,
        &["the base has no bash: take one with bash, and apt-get or dnf: bn container build --base-image REF"],
    );
    hints(
        Some("FROM x\nRUN bash x\n"),
        said,
        &["there is no bash at this step: install it before, or take a base that has it"],
    );
}

/// A build that works, of an image that then is looked at: `inspect` and `run` answer this.
fn refused(definition: Option<&str>, inspected: &str, run: &str) -> (String, String) {
    let world = World::new();
    world.fake("tar", "exit 0");
    world.fake(
        "buildah",
        &format!(
            "case \"$1\" in inspect) echo '{inspected}' ;; from) echo c-1 ;; run) {run} ;; build) {WRITE_ID} ;; esac"
        ),
    );
    let file = world.path("Definition");
    let mut line = vec!["container", "build"];
    if let Some(text) = definition {
        fs::write(&file, text).unwrap();
        line.extend(["--file", file.to_str().unwrap()]);
    }
    let refused = world.bn(&line);
    assert_eq!((refused.stdout.as_str(), refused.code), ("", 125), "{refused:?}");
    assert!(!world.calls().contains("import"), "{}", world.calls());
    let (_, told) = refused.stderr.split_once("Error: ").unwrap();
    (told.to_owned(), world.calls())
}

#[test]
fn an_image_that_would_not_begin_as_root_is_refused() {
    let user = r#"{"OCIv1":{"config":{"User":"node"}},"Docker":{"config":{"User":"node"}}}"#;
    let error = "the image localhost/binnacle-self:latest starts as the user node; it has to start as root, so that bn can switch \
                 to your user\n";
    let hint = "hint: end the Containerfile with the line: USER root (the agent itself never runs as root)\n";
    assert_eq!(refused(Some("FROM x\nUSER node\n"), user, "exit 0").0, format!("{error}{hint}"));
    let hint = "hint: its base image names that user; choose another base: bn container build --base-image REF\n";
    assert_eq!(refused(None, user, "exit 0").0, format!("{error}{hint}"));
}

#[test]
fn an_image_without_a_program_that_every_run_needs_is_refused() {
    let no_bash = r#"echo 'exec: "bash": executable file not found in $PATH' >&2; exit 1"#;
    let (told, calls) = refused(Some("FROM x\n"), "{}", no_bash);
    assert_eq!(
        told,
        "localhost/binnacle-self:latest has no bash, which every run needs\n\
         hint: install what is missing in the Containerfile, or begin FROM localhost/binnacle-self:latest\n"
    );
    assert!(calls.contains("buildah rm c-1"), "{calls}");
    let (told, _) = refused(Some("FROM x\n"), "{}", "echo binnacle-entrypoint; echo tini");
    assert_eq!(
        told,
        "localhost/binnacle-self:latest has no binnacle-entrypoint, no tini, which every run needs\n\
         hint: a line for the Containerfile: COPY --chmod=0755 entrypoint.sh /usr/local/bin/binnacle-entrypoint\n\
         hint: install what is missing in the Containerfile, or begin FROM localhost/binnacle-self:latest\n"
    );
    let (told, calls) = refused(Some("FROM x\n"), "{}", "echo 'no room' >&2; exit 1");
    assert_eq!(told, "no program can be started in the image localhost/binnacle-self:latest: no room\n");
    assert!(calls.contains("buildah rm c-1"), "{calls}");
}

#[test]
fn a_repository_without_a_commit_has_no_definition_of_its_own() {
    let world = World::new();
    fs::create_dir(world.path("fresh")).unwrap();
    world.git(&["init", "-q", "-b", "trunk", world.path("fresh").to_str().unwrap()]);
    let build = |variables: &[(&str, &str)]| {
        let mut command = world.command(&["container", "build", "--dry-run"]);
        answer(command.current_dir(world.path("fresh")).envs(variables.iter().copied()))
    };
    let built = build(&[]);
    assert_eq!(built.code, 0, "{built:?}");
    assert!(built.stdout.starts_with("# from bn's own definition\n"), "{built:?}");
    // With branches of which none is the default one, the build has no flag to name one.
    world.git(&["push", "-q", world.path("fresh").to_str().unwrap(), "HEAD:refs/heads/other"]);
    let asked = build(&[]);
    assert!(asked.stderr.ends_with("for every command: export BN_MERGE_TARGET=BRANCH\n"), "{asked:?}");
    assert_eq!(build(&[("BN_MERGE_TARGET", "other")]).code, 0);
}
