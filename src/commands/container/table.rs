//! A table for people, as wide as their terminal at most.

use std::fmt;

/// What stands between two columns.
const GAP: &str = "   ";

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
                Step::Shorten(head) => {
                    let cells =
                        self.0.iter_mut().filter(|column| column.head == *head).flat_map(|column| &mut column.cells);
                    cells.for_each(|cell| *cell = last_part(cell));
                }
            }
        }
        self
    }

    fn width(&self) -> usize {
        let gaps = GAP.len() * self.0.len().saturating_sub(1);
        self.0.iter().map(Column::width).sum::<usize>() + gaps
    }
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().map(String::as_str).chain([self.head]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

fn last_part(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((_, last)) => format!("…/{last}"),
        None => path.to_owned(),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = self.0.iter().map(Column::width).collect();
        let mut line = |cell: &dyn Fn(&Column) -> String| {
            let cells = self.0.iter().zip(&widths).map(|(column, width)| format!("{:<width$}", cell(column)));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join(GAP).trim_end())
        };
        line(&|column| column.head.to_owned())?;
        let rows = self.0.first().map_or(0, |column| column.cells.len());
        (0..rows).try_for_each(|row| line(&|column| column.cells.get(row).cloned().unwrap_or_default()))
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
        assert_eq!(at(Some(3)), "NAME\nagent-1\n");
    }
}
