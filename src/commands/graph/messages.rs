//! In a container: what the person whose run this is has said to the agent meanwhile.

use crate::commands::Context;
use crate::run::watch::told::{self, Message};

/// Shows each message once, where the agent sees it.
pub fn show(context: &Context) {
    if !context.env.unattended && !told::nobody_listens() {
        told::marked(&told::take()).iter().for_each(|text| context.output.note(text));
    }
}

/// All there are, for a page on which they stay.
pub fn all(context: &Context) -> Vec<Message> {
    if !context.env.unattended {
        told::take();
    }
    told::inside()
}
