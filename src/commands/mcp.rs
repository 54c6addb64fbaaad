//! `bn mcp`: serves the task graph to the agent program that started it, by the Model Context Protocol on standard input and output.
//!
//! A call of a tool is a command line of `bn`, run as if the agent had typed it, and answered with what that prints.

mod tools;

use std::sync::Arc;

use anyhow::Context as _;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};

use crate::commands::Context;
use crate::commands::mcp::tools::Arguments;
use crate::env::{Env, own_program};
use crate::error::{Failure, Usage};
use crate::process::{Captured, Cmd, Runner};

const INSTRUCTIONS: &str = "The tasks of this repository, which all agents and people share. Call orient first and goodbye last. \
                            Take a task with ready (claim: true), and close it when its work is committed.";

pub fn run(context: &Context) -> Result<(), Failure> {
    if context.env.stdin_is_terminal {
        return Err(Usage::new("bn mcp speaks with an agent program, which starts it")
            .hint("claude mcp add binnacle -- bn mcp")
            .hint("codex mcp add binnacle -- bn mcp")
            .into());
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot begin to serve")?;
    runtime.block_on(serve(Graph { env: Arc::new(context.env.clone()) }))
}

/// Until the agent program closes our standard input.
async fn serve(graph: Graph) -> Result<(), Failure> {
    let no_client = |error| Usage::new(format!("what came on standard input is no MCP: {error}"));
    let serving = graph.serve(rmcp::transport::stdio()).await.map_err(no_client)?;
    serving.waiting().await.context("bn mcp came to an end")?;
    Ok(())
}

/// The graph of the repository in which the server was started.
struct Graph {
    env: Arc<Env>,
}

impl ServerHandler for Graph {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("binnacle", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::ALL.iter().map(described).collect()))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = tools::named(&call.name) else {
            let names: Vec<&str> = tools::ALL.iter().map(|tool| tool.name).collect();
            let message = format!("there is no tool {}; there are: {}", call.name, names.join(", "));
            return Err(ErrorData::invalid_params(message, None));
        };
        let env = Arc::clone(&self.env);
        let arguments = call.arguments.unwrap_or_default();
        // A graph that is busy holds up one call, and not the others.
        let answer = tokio::task::spawn_blocking(move || perform(tool, &arguments, &env)).await;
        Ok(answer.unwrap_or_else(|error| refused(error.to_string())).into())
    }
}

fn described(tool: &tools::Tool) -> Tool {
    let hints = ToolAnnotations::new().read_only(!tool.changes).destructive(false).open_world(false);
    Tool::new(tool.name, tool.description, tool.schema()).with_annotations(hints)
}

fn perform(tool: &tools::Tool, arguments: &Arguments, env: &Env) -> CallToolResult {
    let words = match tool.command_line(arguments) {
        Ok(words) => words,
        Err(why) => return refused(why),
    };
    let bn = own_program().unwrap_or_else(|_| "bn".into());
    let ran = Runner::new(env).capture(&Cmd::new(bn).directory(&env.directory).args(words));
    match ran {
        Ok(ran) if ran.success() => CallToolResult::success(said(&ran)),
        Ok(ran) => CallToolResult::error(said(&ran)),
        Err(error) => refused(error.to_string()),
    }
}

/// What a person says to the agent meanwhile comes on standard error.
fn said(ran: &Captured) -> Vec<ContentBlock> {
    let texts = [ran.text(), ran.stderr.trim_end().to_owned()];
    texts.into_iter().filter(|text| !text.is_empty()).map(ContentBlock::text).collect()
}

fn refused(why: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}
