//! The SQL, as text. Apart from the schema and the full-text search it is SQL that PostgreSQL has too.

pub mod checks;
pub mod counts;
pub mod events;
pub mod filter;
pub mod links;
pub mod origins;
pub mod outline;
pub mod records;
pub mod search;
pub mod sessions;
pub mod stats;
pub mod tasks;
pub mod undo;

/// What every store of this program is made by, one step per version; a step that was released is never edited.
pub const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
];
