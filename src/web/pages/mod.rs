//! One file a page: its parameters, its struct (template of the same name) and a thin handler.

pub mod activity;
pub mod analytics;
pub mod around;
pub mod bulk;
pub mod changelog;
pub mod commits;
pub mod export;
pub mod help;
pub mod leaderboard;
pub mod marks;
pub mod preview;
pub mod project;
pub mod projects;
pub mod raw;
pub mod replay;
pub mod saved;
pub mod search;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod status;
pub mod suggest;
pub mod tags;
pub mod timeline;
pub mod tour;
