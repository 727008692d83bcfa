#![no_main]

codedash_fuzz::target!("copilot-chat");
