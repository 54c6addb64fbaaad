//! The tools of `bn mcp`: a few of bn's verbs, and the command line that a call of each stands for.

use serde_json::{Map, Value, json};

/// Arguments of a call, by name.
pub type Arguments = Map<String, Value>;

/// A verb of bn's that an agent program can call.
#[derive(Debug)]
pub struct Tool {
    pub name: &'static str,
    pub description: &'static str,
    /// Whether it changes the graph.
    pub changes: bool,
    words: &'static [&'static str],
    parameters: &'static [Parameter],
}

#[derive(Debug)]
struct Parameter {
    name: &'static str,
    description: &'static str,
    kind: Kind,
    required: bool,
}

/// How a value stands on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// By itself.
    Word,
    /// As `--name=value`.
    Option,
    /// Each of a list as `--name=value`.
    Options,
    /// As `--name`, if it is true.
    Flag,
}

const fn word(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, kind: Kind::Word, required: true }
}

const fn may(name: &'static str, kind: Kind, description: &'static str) -> Parameter {
    Parameter { name, description, kind, required: false }
}

const ID: Parameter = word("id", "The task's id, or its beginning as far as it is clear");

pub const ALL: &[Tool] = &[
    Tool {
        name: "orient",
        description: "Call this first: who you are, what is in progress, what is ready, what was just done.",
        changes: true,
        words: &["orient"],
        parameters: &[],
    },
    Tool {
        name: "ready",
        description: "The tasks that can be worked on now, best first. With claim it takes the best one, which nobody else gets then.",
        changes: true,
        words: &["ready"],
        parameters: &[may("claim", Kind::Flag, "Take the best task")],
    },
    Tool {
        name: "task_show",
        description: "A task with its description, links and notes. Read it before you begin.",
        changes: false,
        words: &["task", "show"],
        parameters: &[ID],
    },
    Tool {
        name: "search",
        description: "Tasks and notes in which these words are: what is known already.",
        changes: false,
        words: &["search"],
        parameters: &[word("words", "Words, as one text")],
    },
    Tool {
        name: "task_create",
        description: "Writes down work that has to be done. Prints the new task's id.",
        changes: true,
        words: &["task", "create"],
        parameters: &[
            word("title", "One line"),
            may("description", Kind::Option, "All that whoever does it has to know"),
            may("priority", Kind::Option, "From 0, the most urgent, to 4; 2 where nothing is said"),
            may("depends-on", Kind::Options, "Ids of tasks that have to be done before"),
            may("parent", Kind::Option, "Id of the task that this one is a part of"),
            may("discovered-from", Kind::Option, "Id of the task during which it came up"),
        ],
    },
    Tool {
        name: "task_claim",
        description: "Takes a task, so that nobody else works on it.",
        changes: true,
        words: &["task", "claim"],
        parameters: &[ID],
    },
    Tool {
        name: "task_release",
        description: "Gives a task back that you cannot finish.",
        changes: true,
        words: &["task", "release"],
        parameters: &[ID, may("reason", Kind::Option, "What is done, and what is in the way")],
    },
    Tool {
        name: "task_note",
        description: "Writes down with a task what the next one should know.",
        changes: true,
        words: &["task", "note"],
        parameters: &[ID, word("text", "The note")],
    },
    Tool {
        name: "task_close",
        description: "Says that a task is done. Commit the work before.",
        changes: true,
        words: &["task", "close"],
        parameters: &[ID, may("reason", Kind::Option, "What was done")],
    },
    Tool {
        name: "goodbye",
        description: "Call this last: ends your session with a word for the next agent.",
        changes: true,
        words: &["goodbye"],
        parameters: &[word("summary", "What was done, what is left, what was learnt")],
    },
];

pub fn named(name: &str) -> Option<&'static Tool> {
    ALL.iter().find(|tool| tool.name == name)
}

impl Tool {
    /// What a call may say, as a JSON schema.
    pub fn schema(&self) -> Map<String, Value> {
        let properties = self.parameters.iter().map(|parameter| (parameter.name.to_owned(), parameter.schema()));
        let required: Vec<&str> = self.parameters.iter().filter(|one| one.required).map(|one| one.name).collect();
        let whole = [
            ("type", json!("object")),
            ("properties", Value::Object(properties.collect())),
            ("required", json!(required)),
            ("additionalProperties", json!(false)),
        ];
        whole.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The words after `bn` that a call stands for. No value is taken for a flag. The error says what is wrong with the call.
    pub fn command_line(&self, arguments: &Arguments) -> Result<Vec<String>, String> {
        if let Some(unknown) = arguments.keys().find(|name| self.parameters.iter().all(|one| one.name != **name)) {
            return Err(format!("{} takes no {unknown}; it takes: {}", self.name, self.names().join(", ")));
        }
        let mut options = Vec::new();
        let mut words = Vec::new();
        for parameter in self.parameters {
            match arguments.get(parameter.name) {
                None | Some(Value::Null) if parameter.required => {
                    return Err(format!("{} needs {}: {}", self.name, parameter.name, parameter.description));
                }
                None | Some(Value::Null) => {}
                Some(value) if parameter.kind == Kind::Word => words.push(parameter.text(value)?),
                Some(value) => options.extend(parameter.options(value)?),
            }
        }
        let verb = self.words.iter().map(|word| (*word).to_owned());
        Ok(verb.chain(options).chain(["--".to_owned()]).chain(words).collect())
    }

    fn names(&self) -> Vec<&str> {
        self.parameters.iter().map(|parameter| parameter.name).collect()
    }
}

impl Parameter {
    fn schema(&self) -> Value {
        match self.kind {
            Kind::Word | Kind::Option => json!({"type": "string", "description": self.description}),
            Kind::Flag => json!({"type": "boolean", "description": self.description}),
            Kind::Options => json!({"type": "array", "items": {"type": "string"}, "description": self.description}),
        }
    }

    /// Models write numbers where they mean a text of digits.
    fn text(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(format!("{} has to be a text: {}", self.name, self.description)),
        }
    }

    fn options(&self, value: &Value) -> Result<Vec<String>, String> {
        let option = |value: &Value| Ok(format!("--{}={}", self.name, self.text(value)?));
        match (self.kind, value) {
            (Kind::Flag, Value::Bool(true)) => Ok(vec![format!("--{}", self.name)]),
            (Kind::Flag, Value::Bool(false)) => Ok(Vec::new()),
            (Kind::Flag, _) => Err(format!("{} has to be true or false: {}", self.name, self.description)),
            (Kind::Options, Value::Array(values)) => values.iter().map(option).collect(),
            _ => Ok(vec![option(value)?]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn line(tool: &str, arguments: Value) -> Result<Vec<String>, String> {
        named(tool).unwrap().command_line(arguments.as_object().unwrap())
    }

    #[test]
    fn a_call_is_a_command_line_in_which_no_value_is_a_flag() {
        let typed = json!({"title": "--help", "description": "-x\ny", "depends-on": ["a", "--b"], "priority": 1});
        assert_eq!(
            line("task_create", typed).unwrap(),
            [
                "task",
                "create",
                "--description=-x\ny",
                "--priority=1",
                "--depends-on=a",
                "--depends-on=--b",
                "--",
                "--help"
            ]
        );
        assert_eq!(line("ready", json!({"claim": true})).unwrap(), ["ready", "--claim", "--"]);
        assert_eq!(line("ready", json!({"claim": null})).unwrap(), ["ready", "--"]);
    }

    #[test]
    fn a_call_that_is_wrong_is_told_what_is() {
        assert_eq!(line("task_note", json!({"id": "a"})).unwrap_err(), "task_note needs text: The note");
        assert_eq!(
            line("task_show", json!({"id": "a", "name": "b"})).unwrap_err(),
            "task_show takes no name; it takes: id"
        );
        assert!(line("task_show", json!({"id": ["a"]})).unwrap_err().starts_with("id has to be a text: "));
        assert!(line("ready", json!({"claim": "yes"})).unwrap_err().starts_with("claim has to be true or false: "));
    }

    #[test]
    fn every_tool_is_a_verb_with_all_that_it_takes() {
        for tool in ALL {
            let mut arguments = Arguments::new();
            for parameter in tool.parameters {
                let value = match parameter.kind {
                    Kind::Flag => json!(true),
                    _ if parameter.name == "priority" => json!(1),
                    Kind::Options => json!(["a", "b"]),
                    Kind::Word | Kind::Option => json!("a"),
                };
                arguments.insert(parameter.name.to_owned(), value);
            }
            let line = tool.command_line(&arguments).unwrap();
            let parsed = Cli::try_parse_from(["bn".to_owned()].into_iter().chain(line));
            assert!(parsed.is_ok(), "{}: {parsed:?}", tool.name);
        }
    }
}
