//! The one integration binary: behaviour through public faces.

mod accounting;
mod agents;
mod api;
mod cli;
mod damage;
mod databases;
mod demo;
mod faults;
mod growth;
mod house;
mod ingest;
mod layers;
mod pages;
mod places;
mod retold;
mod search;
mod settings;
mod site;
mod terminal;
mod views;
mod web;
