#![no_main]

codedash_fuzz::target!("claude-ai");
