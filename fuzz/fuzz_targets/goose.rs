#![no_main]

codedash_fuzz::target!("goose");
