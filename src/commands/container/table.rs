//! A table for people, as wide as their terminal at most.

use std::fmt;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::paint::{Painted, Style};

/// What stands between two columns.
pub const GAP: &str = "   ";

/// A column and its cells, from top to bottom.
#[derive(Clone, Debug)]
pub struct Column {
    pub head: &'static str,
    pub cells: Vec<String>,
}

/// What is done to a table that is too wide.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Paths of this column become their last part.
    Shorten(&'static str),
    /// Units of this column become their first letter: `3 minutes` is `3m`.
    Abbreviate(&'static str),
    /// Of each cell of this column the first word stays.
    FirstWord(&'static str),
    /// Of each cell of this column so much stays as has room in so many columns of the terminal.
    Cut(&'static str, usize),
    /// This column is left out.
    Drop(&'static str),
}

#[derive(Clone, Debug)]
pub struct Table(pub Vec<Column>);

impl Table {
    /// Takes the steps in order until all lines fit. What is left then stays as it is: a cut name could not be typed.
    pub fn fit(mut self, width: Option<usize>, steps: &[Step]) -> Self {
        let Some(width) = width else { return self };
        for step in steps {
            if self.width() <= width {
                break;
            }
            match step {
                Step::Drop(head) => self.0.retain(|column| column.head != *head),
                Step::Shorten(head) => self.change(head, last_part),
                Step::Abbreviate(head) => self.change(head, abbreviated),
                Step::Cut(head, letters) => self.change(head, |cell| cut(cell, *letters)),
                Step::FirstWord(head) => {
                    self.change(head, |cell| cell.split(' ').next().unwrap_or_default().to_owned())
                }
            }
        }
        self
    }

    fn change(&mut self, head: &str, change: impl Fn(&str) -> String) {
        let cells = self.0.iter_mut().filter(|column| column.head == head).flat_map(|column| &mut column.cells);
        cells.for_each(|cell| *cell = change(cell));
    }

    fn width(&self) -> usize {
        let gaps = GAP.len() * self.0.len().saturating_sub(1);
        self.0.iter().map(Column::width).sum::<usize>() + gaps
    }
}

impl Column {
    pub fn width(&self) -> usize {
        self.cells.iter().map(String::as_str).chain([self.head]).map(UnicodeWidthStr::width).max().unwrap_or(0)
    }
}

/// As much as has room in so many columns of a terminal, with a sign where there is more.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or(0);
        used < columns
    };
    let short: String = text.chars().take_while(fits).collect();
    format!("{}…", short.trim_end())
}

/// The same words in lines of this width. A word that is longer has a line of its own.
pub fn wrapped(text: &str, columns: usize, indent: &str) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        if used > 0 && used + 1 + word.width() > columns {
            lines.extend(["\n", indent]);
            used = indent.len();
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += word.width();
    }
    lines
}

fn abbreviated(amount: &str) -> String {
    match amount.split_once(' ') {
        Some((number, unit)) if number.parse::<u64>().is_ok() => number.chars().chain(unit.chars().take(1)).collect(),
        _ => amount.to_owned(),
    }
}

fn last_part(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((_, last)) => format!("…/{last}"),
        None => path.to_owned(),
    }
}

impl Table {
    /// With the styles that `style` gives to the cells, by the heads of their columns.
    pub fn painted(&self, style: impl Fn(&str, &str) -> Style) -> Painted {
        let mut whole = Painted::default();
        let widths: Vec<usize> = self.0.iter().map(Column::width).collect();
        let heads = self.0.iter().map(|column| (Style::Bold, column.head));
        add_line(&mut whole, &heads.collect::<Vec<_>>(), &widths);
        let rows = self.0.first().map_or(0, |column| column.cells.len());
        for row in 0..rows {
            let cell = |column: &'_ Column| column.cells.get(row).map_or("", String::as_str).to_owned();
            let cells: Vec<String> = self.0.iter().map(cell).collect();
            let styled = self.0.iter().zip(&cells).map(|(column, cell)| (style(column.head, cell), cell.as_str()));
            add_line(&mut whole, &styled.collect::<Vec<_>>(), &widths);
        }
        whole
    }
}

/// Nothing stands behind the last cell that has something in it.
fn add_line(whole: &mut Painted, cells: &[(Style, &str)], widths: &[usize]) {
    let last = cells.iter().rposition(|(_, cell)| !cell.is_empty()).unwrap_or(0);
    for (number, ((style, cell), width)) in cells.iter().zip(widths).enumerate().take(last + 1) {
        whole.add(*style, *cell);
        if number < last {
            let missing = width.saturating_sub(cell.width());
            whole.add(Style::Plain, format!("{}{GAP}", " ".repeat(missing)));
        }
    }
    whole.add(Style::Plain, "\n");
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.painted(|_, _| Style::Plain).for_terminal(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |head, cell: &str| Column { head, cells: vec![cell.to_owned()] };
        Table(vec![column("NAME", "agent-1"), column("TYPE", "worker"), column("WORKTREE", "/home/me/src/agent-1")])
    }

    #[test]
    fn columns_are_shortened_and_left_out_in_a_fixed_order() {
        let steps = [Step::Shorten("WORKTREE"), Step::Drop("TYPE"), Step::Drop("WORKTREE")];
        let at = |width| table().fit(width, &steps).to_string();
        assert_eq!(at(None), "NAME      TYPE     WORKTREE\nagent-1   worker   /home/me/src/agent-1\n");
        assert_eq!(at(Some(39)), at(None));
        assert_eq!(at(Some(38)), "NAME      TYPE     WORKTREE\nagent-1   worker   …/agent-1\n");
        assert_eq!(at(Some(27)), "NAME      WORKTREE\nagent-1   …/agent-1\n");
        assert_eq!(at(Some(18)), "NAME\nagent-1\n");
        let cut = [Step::Cut("WORKTREE", 5), Step::Cut("WORKTREE", 3)];
        assert!(table().fit(Some(34), &cut).to_string().ends_with("worker   /hom…\n"));
        let age = Table(vec![Column { head: "AGE", cells: vec!["3 minutes".to_owned(), "in the future".to_owned()] }]);
        assert_eq!(age.fit(Some(8), &[Step::Abbreviate("AGE")]).to_string(), "AGE\n3m\nin the future\n");
        assert_eq!(at(Some(3)), "NAME\nagent-1\n");
    }

    #[test]
    fn letters_that_take_two_columns_count_as_two() {
        let column = |head, cell: &str| Column { head, cells: vec![cell.to_owned()] };
        let table = Table(vec![column("TASK", "任务很长"), column("OUTCOME", "-")]);
        assert_eq!(table.to_string(), "TASK       OUTCOME\n任务很长   -\n");
        assert_eq!(cut("任务很长", 7), "任务很…");
        assert_eq!(cut("任务很长", 8), "任务很长");
    }

    #[test]
    fn words_go_on_in_the_next_line() {
        assert_eq!(wrapped("it asks: which one of two", 12, "  "), "it asks:\n  which one\n  of two");
        assert_eq!(wrapped("averylongname x", 5, "  "), "averylongname\n  x");
        assert_eq!(wrapped("as it is", usize::MAX, "  "), "as it is");
    }
}
