//! The read side: one facade over store and index. Plain structs in, plain structs out.

pub mod view;
