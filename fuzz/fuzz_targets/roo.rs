#![no_main]

codedash_fuzz::target!("roo");
