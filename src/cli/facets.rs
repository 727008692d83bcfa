//! The facets of the lists as flags: a row of the table is a flag of `list` and of `search`.

use crate::engine::view::bands;
use crate::web::api::params::Params;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// A facet of the lists that is a flag: its name in addresses, that of the flag, what a value is, help.
type Facet = (&'static str, &'static str, &'static str, &'static str);

const FACETS: [Facet; 7] = [
    (
        "tool",
        "tool",
        "TOOL",
        "Only sessions that called this tool",
    ),
    (
        "mcp",
        "mcp",
        "SERVER",
        "Only sessions that called a tool of this MCP server",
    ),
    (
        "skill",
        "skill",
        "SKILL",
        "Only sessions that used this skill",
    ),
    (
        "has",
        "has",
        "WHAT",
        "Only sessions that have this; given twice, both",
    ),
    (
        "cost",
        "cost",
        "DOLLARS",
        "Only sessions that cost about so much",
    ),
    (
        "length",
        "length",
        "MESSAGES",
        "Only sessions about so long",
    ),
    (
        "helper",
        "started-by",
        "WHOM",
        "Only sessions that came about so; helper runs come with --helpers",
    ),
];

/// The facets beside [`FilterArgs`](super::args::FilterArgs), as parameters of an endpoint: flags are made from [`FACETS`], and the
/// values of the closed ones from the engine's own list of them.
#[derive(Debug, Default)]
pub struct FacetArgs(pub Vec<(&'static str, String)>);

impl Args for FacetArgs {
    fn augment_args(command: Command) -> Command {
        FACETS
            .iter()
            .fold(command, |command, (name, flag, value, help)| {
                let arg = Arg::new(*flag)
                    .long(*flag)
                    .value_name(*value)
                    .help(format!("{help}; may repeat"))
                    .help_heading("Filters")
                    .action(ArgAction::Append);
                command.arg(match bands(name) {
                    None => arg,
                    Some(bands) => {
                        let known = bands
                            .iter()
                            .map(|band| PossibleValue::new(band.value).help(band.label));
                        arg.value_parser(PossibleValuesParser::from(known))
                    }
                })
            })
    }
    fn augment_args_for_update(command: Command) -> Command {
        FacetArgs::augment_args(command)
    }
}

impl FromArgMatches for FacetArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<FacetArgs, clap::Error> {
        let mut given = FacetArgs::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.clear();
        for (name, flag, ..) in FACETS {
            let values = matches.get_many::<String>(flag).into_iter().flatten();
            self.0.extend(values.map(|value| (name, value.clone())));
        }
        Ok(())
    }
}

impl FacetArgs {
    /// What is asked, with these.
    pub fn added(&self, params: Params) -> Params {
        let each = self.0.iter();
        each.fold(params, |params, (name, value)| params.with(name, value))
    }
}
