//! What is on the full screen, and what keys do to it. It reads and writes nothing.

use std::path::PathBuf;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use crate::commands::container::list::{Listing, color};
use crate::commands::container::row::Row;
use crate::commands::container::table::{Column, GAP};
use crate::commands::container::top::action::{Action, Doing};
use crate::commands::container::top::feed::News;
use crate::commands::container::top::keys::Key;
use crate::output::paint;
use crate::sanitize;

/// The keys, in 80 columns.
const HELP: &str = " l logs  d diff  g log  s shell  p pause  x stop  m merge  D discard  q quit";
/// Stands before a run that wants something.
const MARK: &str = "! ";
const NO_MARK: &str = "  ";
/// Lines for what the chosen run wants.
const DETAIL: u16 = 6;

/// What is on the screen.
pub struct View {
    listing: Listing,
    /// Why the list is not fresh.
    trouble: Option<String>,
    /// The name and the repository of the chosen run.
    chosen: Option<(String, String)>,
    /// What is done after a yes.
    asked: Option<(String, Doing)>,
    all: bool,
    colors: bool,
}

impl View {
    pub fn new(listing: Listing, all: bool, colors: bool) -> Self {
        Self { listing, trouble: None, chosen: None, asked: None, all, colors }
    }

    pub fn take(&mut self, news: News) {
        match news {
            Ok(listing) => {
                self.listing = listing;
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(error),
        }
    }

    /// Where the chosen run stands; where none is, the first that wants something.
    fn place(&self) -> usize {
        let is_chosen = |row: &Row| {
            self.chosen.as_ref().is_some_and(|(name, repository)| row.name == *name && row.repository == *repository)
        };
        let rows = &self.listing.rows;
        rows.iter().position(is_chosen).or_else(|| rows.iter().position(wants)).unwrap_or(0)
    }

    fn row(&self) -> Option<&Row> {
        self.listing.rows.get(self.place())
    }

    fn choose(&mut self, place: usize) {
        let place = place.min(self.listing.rows.len().saturating_sub(1));
        self.chosen = self.listing.rows.get(place).map(|row| (row.name.clone(), row.repository.clone()));
    }

    pub fn press(&mut self, key: Key) -> Option<Action> {
        match key {
            Key::Control('c') => return Some(Action::Quit),
            Key::Control('z') => return Some(Action::Suspend),
            Key::Control(_) => return None,
            _ => {}
        }
        if let Some((_, doing)) = self.asked.take() {
            return matches!(key, Key::Letter('y' | 'Y')).then_some(Action::Do(doing));
        }
        match key {
            Key::Letter('q') | Key::Escape => return Some(Action::Quit),
            Key::Down | Key::Letter('j') => self.choose(self.place() + 1),
            Key::Up | Key::Letter('k') => self.choose(self.place().saturating_sub(1)),
            Key::Home => self.choose(0),
            Key::End => self.choose(usize::MAX),
            Key::Letter('n') => self.choose_wanting(),
            Key::Letter('a') => {
                self.all = !self.all;
                return Some(Action::ShowAll(self.all));
            }
            Key::Letter(letter) => return self.act(letter),
            Key::Enter => return self.act('l'),
            Key::Control(_) => {}
        }
        None
    }

    /// The next one that wants something, and after the last the first.
    fn choose_wanting(&mut self) {
        let (rows, place) = (&self.listing.rows, self.place());
        let mut after = (place + 1..rows.len()).chain(0..place);
        if let Some(next) = after.find(|place| wants(&rows[*place])) {
            self.choose(next);
        }
    }

    fn act(&mut self, letter: char) -> Option<Action> {
        let row = self.row()?;
        let goes_on = row.state.is_open();
        let (words, wait, question): (&[&'static str], bool, Option<&str>) = match letter {
            'l' if goes_on => (&["logs", "--follow", "--tail", "500"], true, None),
            'l' => (&["logs"], true, None),
            'd' => (&["diff"], true, None),
            'g' => (&["log"], true, None),
            's' => (&["shell"], false, None),
            'p' if row.status == "paused" => (&["resume"], false, None),
            'p' => (&["pause"], false, None),
            'x' => (&["stop"], true, Some("Stop")),
            'm' => (&["merge"], true, Some("Merge the work of")),
            // It says what is lost, and asks.
            'D' => (&["discard"], true, None),
            _ => return None,
        };
        let repository = self.listing.repositories.then(|| PathBuf::from(&row.repository));
        let repository = repository.filter(|path| path.is_dir());
        let doing = Doing { words: words.to_vec(), name: row.name.clone(), repository, wait };
        match question {
            None => Some(Action::Do(doing)),
            Some(question) => {
                self.asked = Some((format!(" {question} {}? [y/N]", row.name), doing));
                None
            }
        }
    }

    pub fn draw(&self, frame: &mut Frame) {
        let parts = [Constraint::Length(1), Constraint::Min(2), Constraint::Length(DETAIL), Constraint::Length(1)];
        let [head, table, detail, foot] = Layout::vertical(parts).areas(frame.area());
        frame.render_widget(self.head(), head);
        frame.render_widget(Paragraph::new(self.table(table)), table);
        frame.render_widget(Paragraph::new(self.detail()).wrap(Wrap { trim: false }), detail);
        let foot_line = self.asked.as_ref().map_or(HELP, |(question, _)| question.as_str());
        frame.render_widget(line(foot_line, Style::new().add_modifier(Modifier::REVERSED)), foot);
    }

    fn head(&self) -> Line<'static> {
        if let Some(trouble) = &self.trouble {
            return line(&format!(" this is not fresh: {trouble}"), self.style(paint::Style::Red));
        }
        let rows = &self.listing.rows;
        let going = rows.iter().filter(|row| row.state.is_open()).count();
        let wanting = rows.iter().filter(|row| wants(row)).count();
        let next = if wanting > 0 { " (n: the next)" } else { "" };
        let others = if self.all { "a: leave those that are done out" } else { "a: those that are done, too" };
        let runs = if rows.len() == 1 { "run" } else { "runs" };
        line(&format!(" {} {runs}: {going} on, {wanting} to look at{next}   {others}", rows.len()), Style::new())
    }

    /// The lines that have room, with the chosen one among them.
    fn table(&self, area: Rect) -> Vec<Line<'static>> {
        if self.listing.rows.is_empty() {
            return vec![line(" nothing runs here, and nothing wants something from you", Style::new())];
        }
        let mut columns = self.listing.table(Some(usize::from(area.width).saturating_sub(MARK.len()))).0;
        for (row, name) in self.listing.rows.iter().zip(&mut columns[0].cells) {
            name.insert_str(0, if wants(row) { MARK } else { NO_MARK });
        }
        let mut lines = vec![self.cells(&columns, |column| (column.head.to_owned(), paint::Style::Bold))];
        let room = usize::from(area.height).saturating_sub(1).max(1);
        let place = self.place();
        let first = (place + 1).saturating_sub(room);
        for number in (first..self.listing.rows.len()).take(room) {
            let cell = |column: &Column| {
                let text = column.cells.get(number).cloned().unwrap_or_default();
                let style = if column.head == "STATUS" { color(&text) } else { paint::Style::Plain };
                (text, style)
            };
            let drawn = self.cells(&columns, cell);
            lines.push(if number == place { drawn.patch_style(Modifier::REVERSED) } else { drawn });
        }
        lines
    }

    fn cells(&self, columns: &[Column], cell: impl Fn(&Column) -> (String, paint::Style)) -> Line<'static> {
        let spans = columns.iter().map(|column| {
            let (text, style) = cell(column);
            let width = column.width();
            let text = sanitize::plain(&text);
            let missing = width.saturating_sub(text.width());
            Span::styled(format!("{text}{}{GAP}", " ".repeat(missing)), self.style(style))
        });
        Line::from(spans.collect::<Vec<_>>())
    }

    /// What the chosen run wants, and what to type elsewhere.
    fn detail(&self) -> Vec<Line<'static>> {
        let Some(wish) = self.row().and_then(|row| row.wish.as_ref()) else { return Vec::new() };
        let mut lines = vec![Line::default(), line(&format!(" {}", wish.why), self.style(paint::Style::Bold))];
        let width = wish.next.iter().map(|step| step.what.len()).max().unwrap_or(0);
        let steps = wish.next.iter().map(|step| {
            let what = Span::raw(format!("   {:<width$}   ", step.what));
            Line::from(vec![what, Span::styled(sanitize::plain(&step.command), self.style(paint::Style::Cyan))])
        });
        lines.extend(steps);
        lines
    }

    fn style(&self, style: paint::Style) -> Style {
        let plain = Style::new();
        let colored = |color: Color| if self.colors { plain.fg(color) } else { plain };
        match style {
            paint::Style::Plain => plain,
            paint::Style::Bold => plain.add_modifier(Modifier::BOLD),
            paint::Style::Dim => plain.add_modifier(Modifier::DIM),
            paint::Style::Red => colored(Color::Red),
            paint::Style::Green => colored(Color::Green),
            paint::Style::Yellow => colored(Color::Yellow),
            paint::Style::Cyan => colored(Color::Cyan),
        }
    }
}

fn wants(row: &Row) -> bool {
    row.wish.is_some()
}

/// Text of whomever, as letters alone.
fn line(text: &str, style: Style) -> Line<'static> {
    Line::styled(sanitize::plain(text), style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn drawn(view: &View, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        terminal.backend().to_string()
    }

    fn press(view: &mut View, letter: char) -> Option<Action> {
        view.press(Key::Letter(letter))
    }

    #[test]
    fn nothing_there_and_no_room_are_no_trouble() {
        let mut view = View::new(Listing::default(), false, true);
        assert!(drawn(&view, 80, 24).contains("nothing runs here"));
        for (width, height) in [(1, 1), (3, 2), (20, 5), (500, 200)] {
            drawn(&view, width, height);
        }
        for letter in "ldgspxmDjk".chars() {
            assert_eq!(press(&mut view, letter), None, "{letter}");
        }
        assert_eq!(press(&mut view, 'a'), Some(Action::ShowAll(true)));
        assert_eq!(press(&mut view, 'q'), Some(Action::Quit));
    }

    #[test]
    fn what_went_wrong_is_letters_alone() {
        let mut view = View::new(Listing::default(), false, true);
        view.take(Err("a\u{1b}]0;evil\u{7}\u{202e}b".to_owned()));
        let text = drawn(&view, 80, 24);
        assert!(text.contains("this is not fresh: a]0;evilb") && !text.contains('\u{1b}'), "{text}");
    }
}
