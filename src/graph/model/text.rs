//! Text that others wrote, made fit for a terminal.

use crate::sanitize::plain;

/// The text on one line, cut to `width` characters, without anything that a terminal would obey or nobody sees.
pub fn line(text: &str, width: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let clean = plain(&words.join(" "));
    if clean.chars().count() <= width {
        return clean;
    }
    let kept: String = clean.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The text with its line breaks, each line indented, without anything that a terminal would obey or nobody sees.
pub fn block(text: &str, indent: &str) -> String {
    let lines = text.lines().map(|line| {
        let clean = plain(&line.replace('\t', "    "));
        format!("{}\n", format!("{indent}{clean}").trim_end())
    });
    lines.collect()
}

/// `1 task`, `2 tasks`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("two\nlines  and\ttabs", 80), "two lines and tabs");
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m \u{202e}evil\u{e0041}", 80), "[31mred[0m evil");
        assert_eq!(line("grüße an alle", 6), "grüße…");
        assert_eq!(line("exact", 5), "exact");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\n\tb\u{7}\n\nc", "  "), "  a\n      b\n\n  c\n");
    }
}
