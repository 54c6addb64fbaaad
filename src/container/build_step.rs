//! How far a build is, by what buildah prints.

/// What is said of a line with which buildah begins a step: `STEP 3/12: RUN …`, after `[1/2] ` where there are several stages.
pub fn of_line(line: &str) -> Option<String> {
    let (stage, rest) = match line.strip_prefix('[').and_then(|line| line.split_once("] ")) {
        Some((stage, rest)) => (of_two(stage).map(|(nth, all)| format!("stage {nth} of {all}, ")), rest),
        None => (None, line),
    };
    let (numbers, what) = rest.strip_prefix("STEP ")?.split_once(": ")?;
    let (nth, all) = of_two(numbers)?;
    Some(format!("building: {}step {nth} of {all}: {what}", stage.unwrap_or_default()))
}

fn of_two(text: &str) -> Option<(u32, u32)> {
    let (nth, all) = text.split_once('/')?;
    Some((nth.parse().ok()?, all.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_one_stage_and_of_several() {
        let said = |line| of_line(line).unwrap_or_default();
        assert_eq!(said("STEP 3/12: RUN apt-get update: now"), "building: step 3 of 12: RUN apt-get update: now");
        assert_eq!(said("[1/2] STEP 1/3: FROM a AS b"), "building: stage 1 of 2, step 1 of 3: FROM a AS b");
        for other in ["STEP x/y: z", "STEP", "[x] y", "Get:1 http://deb", "", "--> 1234"] {
            assert_eq!(of_line(other), None, "{other}");
        }
    }
}
