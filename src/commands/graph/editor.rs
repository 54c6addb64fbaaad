//! A title and a description, written in the user's editor.

use std::fs;
use std::path::Path;

use crate::commands::Context;
use crate::data_dir::DataDir;
use crate::error::{Failure, Usage};
use crate::graph::error::GraphError;
use crate::process::{Cmd, Runner};

/// Everything from this line on is for the reader, as in git's commits.
const SCISSORS: &str = "------------------------ >8 ------------------------";
const HELP: &str = "The first line is the title, and what follows is the description.
This line and all below the scissors are left out. An empty title changes nothing.
";

/// The title and the description as the user leaves them.
pub fn edit(context: &Context, title: &str, description: &str) -> Result<(String, String), Failure> {
    if DataDir::resolve(&context.env)?.in_container() {
        return Err(Usage::new("--edit opens an editor, which is for people outside a container")
            .hint("--description - reads the description from standard input")
            .into());
    }
    let folder = context.env.temporary.as_deref().unwrap_or(Path::new("/tmp"));
    let failed = |source| GraphError::File { verb: "write", path: folder.to_owned(), source };
    let file = tempfile::Builder::new().prefix("bn-task-").suffix(".md").tempfile_in(folder).map_err(failed)?;
    fs::write(file.path(), format!("{title}\n\n{description}\n{SCISSORS}\n{HELP}")).map_err(failed)?;
    open(context, file.path())?;
    let read = |source| GraphError::File { verb: "read", path: file.path().to_owned(), source };
    taken_apart(&fs::read_to_string(file.path()).map_err(read)?)
}

/// Through a shell, as git does it: the variable may hold a program with arguments.
fn open(context: &Context, file: &Path) -> Result<(), Failure> {
    let editor = context.env.editor.as_deref().unwrap_or("vi");
    let cmd = Cmd::new("sh").args(["-c", &format!("{editor} \"$@\""), editor]).arg(file);
    let status = Runner::new(&context.env).foreground(&cmd)?;
    if status.success() {
        return Ok(());
    }
    let what = format!("the editor {editor} failed ({status}); nothing was changed");
    Err(GraphError::Invalid(what).into())
}

fn taken_apart(text: &str) -> Result<(String, String), Failure> {
    let text = text.split(SCISSORS).next().unwrap_or_default().trim();
    let (title, description) = text.split_once('\n').unwrap_or((text, ""));
    if title.trim().is_empty() {
        return Err(GraphError::Invalid("the title is empty; nothing was changed".to_owned()).into());
    }
    Ok((title.trim().to_owned(), description.trim().to_owned()))
}
