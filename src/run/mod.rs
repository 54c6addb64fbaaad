//! A run's record and its life.
