#![no_main]

codedash_fuzz::target!("amazon-q");
