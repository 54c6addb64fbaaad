//! The task graph: its model, its queries and its store.
