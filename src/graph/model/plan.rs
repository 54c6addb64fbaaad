//! A plan: a markdown list whose items become tasks. An item below another is a part of it, and an item of a numbered list depends on the
//! one before it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::fields::FIELDS;
use crate::graph::model::operation::Operation;
use crate::graph::model::task::{self, NewTask};

/// What is to be done for one line of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub line: usize,
    pub operation: Operation,
}

/// An item, while its lines are read.
#[derive(Debug)]
struct Item {
    line: usize,
    /// How far its marker, and the text behind that, are indented.
    indent: usize,
    text: usize,
    numbered: bool,
    done: bool,
    new: NewTask,
    description: Vec<String>,
}

/// Reads a plan, or says which line is wrong. What stands before the first item, headings and paragraphs between lists are left out.
pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Vec<Step>, GraphError> {
    let mut items: Vec<Item> = Vec::new();
    let mut fence = None;
    for (line, number) in text.lines().zip(1..) {
        let indent = indentation(line);
        let inside = items.last().is_some_and(|item| indent >= item.text || line.trim().is_empty());
        let is_fence = line.trim_start().starts_with("```");
        if let Some(marker) = Marker::of(line).filter(|_| fence.is_none() && !is_fence) {
            items.push(item(line, number, &marker, now).map_err(|message| wrong(number, message))?);
            continue;
        }
        if is_fence {
            fence = if fence.is_some() { None } else { Some(number) };
        }
        if let Some(last) = items.last_mut().filter(|_| inside) {
            last.description.push(line.chars().skip(last.text.min(indent)).collect());
        }
    }
    match fence {
        Some(line) => Err(wrong(line, "this block of code has no end".to_owned())),
        None if items.is_empty() => {
            Err(GraphError::Invalid("the plan has no items: a line such as `- Write the schema` is one".to_owned()))
        }
        None => Ok(steps(items)),
    }
}

fn wrong(line: usize, message: String) -> GraphError {
    GraphError::Line { line, message }
}

/// Columns before the text. A tab goes on to the next multiple of four.
fn indentation(line: &str) -> usize {
    let mut column = 0;
    for letter in line.chars() {
        match letter {
            ' ' => column += 1,
            '\t' => column += 4 - column % 4,
            _ => break,
        }
    }
    column
}

/// What begins an item: `-`, `*`, `+`, `1.` or `1)`, and perhaps a box.
struct Marker<'a> {
    width: usize,
    numbered: bool,
    done: bool,
    rest: &'a str,
}

impl<'a> Marker<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let text = line.trim_start();
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (numbered, width) = match text.as_bytes().get(digits) {
            Some(b'-' | b'*' | b'+') if digits == 0 => (false, 1),
            Some(b'.' | b')') if (1..=9).contains(&digits) => (true, digits + 1),
            _ => return None,
        };
        let rest = text[width..].strip_prefix([' ', '\t'])?.trim_start();
        let (done, rest) = match rest.get(..4) {
            Some("[ ] ") => (false, &rest[4..]),
            Some("[x] " | "[X] ") => (true, &rest[4..]),
            _ => (false, rest),
        };
        // A line of dashes or stars divides, and is no item.
        let is_rule = rest.chars().all(|letter| "-*+ ".contains(letter));
        (!is_rule).then_some(Self { width, numbered, done, rest })
    }
}

/// An item of its first line: a title, and behind it what else is known.
fn item(line: &str, number: usize, marker: &Marker, now: DateTime<Utc>) -> Result<Item, String> {
    let mut new = NewTask { reference: Some(format!("line {number}")), ..NewTask::default() };
    let mut words: Vec<&str> = marker.rest.split_whitespace().collect();
    while let Some(word) = words.last() {
        if !attribute(&mut new, word, now)? {
            break;
        }
        words.pop();
    }
    // They were taken from the end.
    new.tags.reverse();
    new.title = task::title(&words.join(" "))?;
    let indent = indentation(line);
    let text = indent + marker.width + 1;
    let (numbered, done) = (marker.numbered, marker.done);
    Ok(Item { line: number, indent, text, numbered, done, new, description: Vec::new() })
}

/// Takes a word behind a title for what it says: `#tag`, `p1`, `type:bug`, `after:@name`, `due:2026-12-24`. Any other is part of the title.
fn attribute(new: &mut NewTask, word: &str, now: DateTime<Utc>) -> Result<bool, String> {
    if let Some(tag) = word.strip_prefix('#') {
        // A number is an issue of somewhere else.
        if tag.is_empty() || tag.chars().all(|letter| letter.is_ascii_digit()) {
            return Ok(false);
        }
        new.tags.push(task::tag(tag)?);
        return Ok(true);
    }
    if let Some(priority) =
        word.strip_prefix(['p', 'P']).filter(|rest| rest.len() == 1).and_then(|rest| rest.parse().ok())
    {
        new.priority = priority;
        return Ok(true);
    }
    let Some((key, value)) = word.split_once(':').filter(|(_, value)| !value.is_empty()) else { return Ok(false) };
    let ids = || value.split(',').filter(|id| !id.is_empty()).map(str::to_owned);
    match key {
        "ref" => new.reference = Some(value.to_owned()),
        "type" => {
            new.task_type =
                serde_json::from_value(value.into()).map_err(|_| format!("{value:?} is no type of a task"))?
        }
        "assignee" => new.assignee = Some(value.to_owned()),
        "depends_on" => new.depends_on.extend(ids()),
        "blocks" => new.blocks.extend(ids()),
        "discovered_from" => new.discovered_from = Some(value.to_owned()),
        "parent" => new.parent = Some(value.to_owned()),
        _ => {
            let Some(field) = FIELDS.iter().find(|field| field.name == key) else { return Ok(false) };
            let value = field.parse(&format!("{key}:"), value, now).map_err(|error| error.message)?;
            new.fields.put(field, value);
        }
    }
    Ok(true)
}

/// The items as new tasks, each after its parent, and then the ends of those that are done, children first.
fn steps(mut items: Vec<Item>) -> Vec<Step> {
    let mut done = Vec::new();
    let mut steps = Vec::new();
    // The items that the next one may be below of, and the last one at each depth.
    let mut above: Vec<(usize, String)> = Vec::new();
    let mut before: Vec<(usize, Option<String>, bool, String)> = Vec::new();
    for item in &mut items {
        let name = format!("@{}", item.new.reference.as_deref().unwrap_or_default());
        above.retain(|(text, _)| *text <= item.indent);
        before.retain(|(indent, ..)| *indent <= item.indent);
        let parent = above.last().map(|(_, name)| name.clone());
        let previous = before.iter().rfind(|(indent, up, ..)| *indent == item.indent && *up == parent);
        if let Some((.., true, previous)) = previous.filter(|_| item.numbered) {
            item.new.depends_on.insert(0, previous.clone());
        }
        before.retain(|(indent, ..)| *indent < item.indent);
        before.push((item.indent, parent.clone(), item.numbered, name.clone()));
        above.push((item.text, name.clone()));
        let mut new = std::mem::take(&mut item.new);
        new.parent = new.parent.or(parent);
        new.description = item.description.join("\n").trim().to_owned();
        steps.push(Step { line: item.line, operation: Operation::Create(new) });
        if item.done {
            let end = Operation::Close { id: name, reason: Some("done in the plan".to_owned()), force: false };
            done.push(Step { line: item.line, operation: end });
        }
    }
    steps.extend(done.into_iter().rev());
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        crate::quantity::written_time("2026-11-22T00:00:00Z").unwrap()
    }

    /// `line: title <parent >dependencies`, and the ends.
    fn told(text: &str) -> Vec<String> {
        let tell = |step: Step| match step.operation {
            Operation::Create(new) => {
                let parent = new.parent.map(|parent| format!(" <{parent}")).unwrap_or_default();
                let after: String = new.depends_on.iter().map(|id| format!(" >{id}")).collect();
                format!("{}: {}{parent}{after}", step.line, new.title)
            }
            other => format!("{}: {}", step.line, other.name()),
        };
        parse(text, now()).unwrap().into_iter().map(tell).collect()
    }

    #[test]
    fn nesting_makes_parts_and_numbers_make_an_order() {
        let plan = "# Plan\n\nSome words.\n\n- Store\n  1. Schema\n  2. Queries\n     - Tests\n  3. Cache\n- Manual\n* Also\n\n1. One\n2. Two\n";
        assert_eq!(
            told(plan),
            [
                "5: Store",
                "6: Schema <@line 5",
                "7: Queries <@line 5 >@line 6",
                "8: Tests <@line 7",
                "9: Cache <@line 5 >@line 7",
                "10: Manual",
                "11: Also",
                "13: One",
                "14: Two >@line 13",
            ]
        );
    }

    #[test]
    fn what_stands_behind_a_title_is_no_part_of_it() {
        let plan =
            "- Fix issue #12 at http://x.org/a:b in C# #db p0 type:bug ref:fix due:3d estimate:2h depends_on:@x,bn-1\n";
        let steps = parse(plan, now()).unwrap();
        let Operation::Create(new) = &steps[0].operation else { panic!("{steps:?}") };
        assert_eq!(new.title, "Fix issue #12 at http://x.org/a:b in C#");
        assert_eq!((new.tags.as_slice(), u8::from(new.priority)), (&["db".to_owned()][..], 0));
        assert_eq!((new.reference.as_deref(), new.depends_on.len()), (Some("fix"), 2));
        let fields = serde_json::to_value(&new.fields).unwrap();
        assert_eq!((&fields["due"], &fields["estimate"]), (&"2026-11-25T00:00:00.000000Z".into(), &7200.into()));
    }

    #[test]
    fn text_below_an_item_is_its_description() {
        let plan = "- Parser\n  Reads all.\n\n  ```\n  - no item\n  ```\n\nA paragraph of nothing.\n- [x] Done\n- [ ] Open\n---\n";
        let steps = parse(plan, now()).unwrap();
        let Operation::Create(new) = &steps[0].operation else { panic!("{steps:?}") };
        assert_eq!(new.description, "Reads all.\n\n```\n- no item\n```");
        assert_eq!(told(plan)[1..], ["9: Done", "10: Open", "9: close"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        for (plan, said) in [
            ("- A\n- B due:soon\n", "line 2: due: soon: not a time"),
            ("- A\n\n-  #x\n", "line 3: a task needs a title"),
            ("- A type:epos\n", "line 1: \"epos\" is no type of a task"),
            ("- A\n```\n- B\n", "line 2: this block of code has no end"),
            ("Nothing\n", "the plan has no items"),
        ] {
            let error = parse(plan, now()).unwrap_err().to_string();
            assert!(error.starts_with(said), "{plan:?}: {error}");
        }
    }
}
