//! One file a page: its parameters, its struct (template of the same name) and a thin handler.

pub mod analytics;
pub mod commits;
pub mod export;
pub mod help;
pub mod marks;
pub mod projects;
pub mod raw;
pub mod replay;
pub mod search;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod status;
