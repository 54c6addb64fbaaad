//! Words that were probably meant.

/// Whether one is the other with a slip or two of the fingers.
pub fn is_slip(typed: &str, meant: &str) -> bool {
    let letters = typed.chars().count().min(meant.chars().count());
    let slips = match letters {
        0..=2 => 0,
        3..=6 => 1,
        _ => 2,
    };
    typed != meant && distance(typed, meant) <= slips
}

/// The same where nothing else speaks for the word, so that a short one has to have its very letters.
pub fn is_plain_slip(typed: &str, meant: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    is_slip(typed, meant) && (typed.chars().count() > 4 || sorted(typed) == sorted(meant))
}

/// How many letters have to be added, taken away, changed or swapped with their neighbour.
fn distance(one: &str, two: &str) -> usize {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=two.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=two.len() {
            let changed = rows[i - 1][j - 1] + usize::from(one[i - 1] != two[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == two[j - 2] && one[i - 2] == two[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][two.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_word_is_a_plain_slip_with_all_its_letters_alone() {
        assert!(is_plain_slip("shwo", "show") && is_plain_slip("craete", "create"));
        assert!(is_slip("nope", "note") && !is_plain_slip("nope", "note"));
    }

    #[test]
    fn slips_of_the_fingers() {
        for (typed, meant) in
            [("lst", "list"), ("stpo", "stop"), ("contaner", "container"), ("--no-merg", "--no-merge")]
        {
            assert!(is_slip(typed, meant), "{typed}");
        }
        for (typed, meant) in [("--rm", "--prompt"), ("create", "relay"), ("done", "own"), ("rm", "rn"), ("ls", "ls")] {
            assert!(!is_slip(typed, meant), "{typed}");
        }
    }
}
