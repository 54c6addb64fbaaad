//! Why a build failed, in buildah's last line: what it was at, and what came of that.

/// Letters of a step that are shown.
const SHOWN: usize = 72;

/// What buildah said, and apart from that its last line where that says why it failed.
pub fn parted(said: &str) -> (&str, Option<&str>) {
    let whole = said.trim_end_matches('\n');
    let start = whole.rfind('\n').map_or(0, |at| at + 1);
    match whole.split_at(start) {
        (before, last) if last.starts_with("Error: ") && said.ends_with('\n') => (before, Some(last)),
        _ => (said, None),
    }
}

/// `RUN make: exit status 2`: the step and the innermost of its causes, from the line with all of them.
pub fn why(last: &str) -> String {
    let error = last.trim_start_matches("Error: ");
    let of_step = error.split_once("building at STEP \"").and_then(|(_, rest)| rest.split_once("\": "));
    match of_step {
        Some((step, causes)) => format!("{}: {}", shortened(step), innermost(causes)),
        None => innermost(error).to_owned(),
    }
}

/// What stands behind the last colon that is followed by words, and not by something that is quoted.
fn innermost(causes: &str) -> &str {
    let causes = causes.split_once(" &imagebuilder.").map_or(causes, |(causes, _)| causes);
    let starts = causes.match_indices(": ").map(|(at, colon)| at + colon.len());
    let words = |at: &usize| causes[*at..].starts_with(|letter: char| letter.is_alphabetic());
    starts.filter(words).last().map_or(causes, |at| &causes[at..])
}

fn shortened(step: &str) -> String {
    let one_line = step.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_its_step_and_its_innermost_cause() {
        for (last, said) in [
            ("Error: building at STEP \"RUN make\": while running runtime: exit status 2", "RUN make: exit status 2"),
            (
                "Error: building at STEP \"COPY a /srv/\": checking on sources under \"/var/tmp/c\": copier: stat: \"/a\": no such file or directory",
                "COPY a /srv/: no such file or directory",
            ),
            (
                "Error: building at STEP \"APT-GET \": Build error: Unknown instruction: \"APT-GET\" &imagebuilder.Step{Env:[]string(nil), Command:\"apt-get\"}",
                "APT-GET: Unknown instruction: \"APT-GET\"",
            ),
            ("Error: creating build container: writing blob: no space left on device", "no space left on device"),
            ("Error: it is broken", "it is broken"),
        ] {
            assert_eq!(why(last), said);
        }
        let long = format!("Error: building at STEP \"RUN {}\": while running runtime: exit status 1", "x".repeat(99));
        assert_eq!(why(&long), format!("RUN {}…: exit status 1", "x".repeat(SHOWN - 4)));
    }

    #[test]
    fn the_last_line_is_taken_apart_from_what_a_step_printed() {
        assert_eq!(parted("Error: mine\nError: two\n"), ("Error: mine\n", Some("Error: two")));
        for none in ["", "Error: cut", "Error: one\nof two lines\n", "built\n"] {
            assert_eq!(parted(none), (none, None));
        }
    }
}
