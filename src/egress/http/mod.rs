//! As much of HTTP/1.x as a proxy has to understand: heads, and where bodies end.

pub mod body;
pub mod head;
pub mod reply;
