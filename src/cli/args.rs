//! Every verb and flag, with the help that `--help` prints.

use super::facets::FacetArgs;
use crate::config::Flags;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use std::ffi::{OsStr, OsString};
use std::net::IpAddr;

const EXAMPLES: &str = "\
Examples:
  codedash                                serve and open the browser
  codedash serve --port 4000 --no-browser
  codedash search 'rate limit' --since 2w
  codedash search 'tool:Bash \"cargo test\"' --json | head
  codedash list -n 5 --project .
  codedash show 019a1b2c                  by the beginning of its id

Files:
  ~/.codedash/config.toml   lasting settings: see the Settings page, which writes it; a server that
                            runs follows it
  ~/.codedash/marks.redb    stars and tags: the one file that cannot be rebuilt
  ~/.codedash/data/         sessions and search index
  ~/.codedash/logs/         what the server did

Environment:
  CODEDASH_HOME   folder to use instead of ~/.codedash
  CODEDASH_HOST   address to listen on
  CODEDASH_LOG=1  show the whole log on the terminal
  TZ              zone of days
  The variables by which the agents themselves move their folders are followed too.

Exit codes: 0 done, 1 failed, 2 wrongly asked.";

/// Every conversation you ever had with a coding agent: searchable, countable and resumable, on your
/// own machine.
///
/// Without a verb: serve. Nothing leaves this machine, and the agents' own files are only read.
#[derive(Debug, Parser)]
#[command(name = "codedash", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    Serve(ServeArgs),
    Index(IndexArgs),
    Search(SearchArgs),
    List(ListArgs),
    Show(ShowArgs),
    Export(super::export::ExportArgs),
    Stats(StatsArgs),
    Agents(AgentsArgs),
    Import(ImportArgs),
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  codedash completions bash > ~/.local/share/bash-completion/completions/codedash")]
    Completions {
        shell: clap_complete::Shell,
    },
}

/// Serve the dashboard and keep the index up to date.
///
/// Where a server of the same data folder runs already, this says where it listens, opens the browser
/// there and ends well.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:
  codedash serve
  codedash serve --port 0 --no-browser       any free port
  codedash serve --root box=/mnt/box/home/ann
  codedash serve --demo                      a made-up history, in a folder of its own

SIGINT (Ctrl-C) and SIGTERM stop it within two seconds; nothing is lost.")]
pub struct ServeArgs {
    /// Port to listen on; 0 takes any free one [default: 3847]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1]
    ///
    /// Whoever reaches another address than the loopback reads every conversation: there is no login.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Do not open the browser
    #[arg(long)]
    pub no_browser: bool,
    /// Serve a made-up history from a temporary folder; your own is not read
    #[arg(long)]
    pub demo: bool,
    #[command(flatten)]
    pub sources: SourceArgs,
}

/// What is read, and with how much memory: for verbs that may have to read it themselves.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reading")]
pub struct SourceArgs {
    /// Read the histories of another home too (a machine's, a container's); may repeat
    #[arg(long = "root", value_name = "[LABEL=]PATH")]
    pub roots: Vec<String>,
    /// Memory to plan with while indexing, MiB [default: 400]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..))]
    pub memory: Option<u64>,
}

/// What every verb that asks something has.
#[derive(Debug, Default, Args)]
pub struct AskArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub sources: SourceArgs,
}

/// Bring sessions and search index up to date, then end.
///
/// A running server does that by itself: then this shows how far it is and waits until it is done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  codedash index
  codedash index --full     read everything again, as if nothing had been read before")]
pub struct IndexArgs {
    /// Read everything again
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub sources: SourceArgs,
}

/// Find messages: prompts, answers, thinking, tool calls and what the tools printed.
///
/// All words first; if nothing has them all, any of them; else close spellings, and it says so.
#[derive(Debug, Args)]
#[command(after_help = "\
Query:
  words \"a phrase\" -without prefix* one OR other
  agent: project: role: tool: model: branch: file: after: before: is:helper is:subagent has:error

Examples:
  codedash search borrow checker
  codedash search '\"cannot borrow\" role:output after:7d'
  codedash search getUserName --project . --limit 3
  codedash search timeout --mcp github --length 200-999
  codedash search 'panic -test' --json

JSON (--json): what GET /api/search answers: total, total_messages, tier, facets,
  results [{sessionId, session, count, matches [{role, seq, snippet, marks}]}], took.")]
pub struct SearchArgs {
    /// What to look for
    #[arg(required = true, value_name = "QUERY", value_parser = word)]
    pub query: Vec<String>,
    /// Sessions to print
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// Only messages of this role: user, assistant, thinking, tool, output, system; may repeat
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// relevance, newest or oldest
    #[arg(long, value_name = "ORDER")]
    pub sort: Option<String>,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub facets: FacetArgs,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// List sessions, newest first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  codedash list
  codedash list -n 0 --starred --since 30d
  codedash list --has errors --cost 10-100 --cost 100-
  codedash list --project . --json | jq -r '.[].id'

JSON (--json): what GET /api/sessions answers: an array of session records.")]
pub struct ListArgs {
    /// Only sessions with these words in title, first prompt, project, id or agent
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// Sessions to print; 0 = all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// newest, oldest, longest or costliest
    #[arg(long, value_name = "ORDER")]
    pub sort: Option<String>,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub facets: FacetArgs,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// Show one session: what is known of it, and its first and last messages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  codedash show 019a1b2c
  codedash show 019a1b2c --offset 100 -n 50
  codedash show 019a1b2c --all --role user

JSON (--json): what GET /api/session/{id} answers: messages, total, offset, limit, next, session.")]
pub struct ShowArgs {
    /// Id of the session, or a beginning of it (4 characters or more)
    #[arg(value_name = "ID")]
    pub id: String,
    /// Messages to print: half from the beginning and half from the end, or a page with --offset
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// Begin with this message
    #[arg(long, value_name = "K")]
    pub offset: Option<usize>,
    /// Print every message, uncut
    #[arg(long, conflicts_with_all = ["limit", "offset"])]
    pub all: bool,
    /// Only all, user, assistant or tools
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// Count: sessions, prompts, tokens and what they cost, in all and by agent.
///
/// Costs cover all runs, helpers included. Models without a known price are named, never guessed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  codedash stats
  codedash stats --since 30d --project .
  codedash stats --daily --by agent --since 7d
  codedash stats --by session --include-helpers --csv > sessions.csv

JSON (--json): the result of GET /api/analytics/cost; with --daily, --weekly, --monthly or --by what
GET /api/stats answers: an array of rows.")]
pub struct StatsArgs {
    /// By day, in time
    #[arg(long)]
    pub daily: bool,
    /// By week (its Monday), in time
    #[arg(long)]
    pub weekly: bool,
    /// By month, in time
    #[arg(long)]
    pub monthly: bool,
    /// By model, project, agent, session, run, conversation, repo, branch, tool or hour_of_week; may repeat
    #[arg(long, value_name = "SIDE", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Days and hours of this zone instead of the configured one
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Which cost counts: auto (price table, else as recorded), calculate or recorded
    #[arg(long, value_name = "MODE")]
    pub cost: Option<String>,
    /// Print rows as comma-separated values
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// List the agents: where their histories are looked for, what was found, what they record.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  codedash agents
  codedash agents --all         those of which nothing is there, too
  codedash agents --json | jq -r '.[] | select(.sessions > 0) | .name'

JSON (--json): the agents of GET /api/index-status: an array of {id, name, roots [{path, exists}],
  sources, sessions, messages, issues, records, lacks, resume}.")]
pub struct AgentsArgs {
    /// Agents of which nothing was found, too
    #[arg(long)]
    pub all: bool,
    /// Print JSON (of all)
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub sources: SourceArgs,
}

/// Read exports of Claude.ai and ChatGPT, and sessions of other programs.
///
/// Takes the archive as it was downloaded (.zip), its conversations.json, or a file of lines in the codedash
/// schema. What is needed is copied into the data folder; importing a newer export of the same name
/// replaces the older one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  codedash import ~/Downloads/data-2026-11-02.zip
  codedash import my-bot.jsonl

The codedash schema: one JSON object a line, the first one {\"type\":\"session\"}:
  session     time, agent, title, cwd, branch, remote, version, model, parent
  message     role (user, assistant, thinking, system), text, time, id, model
  call        id, name, input (an object or text), time
  output      id (of its call), text, failed
  usage       id, time, model, input, output, cache_read, cache_write, reasoning, cost_usd
  title       text
  compaction, interruption")]
pub struct ImportArgs {
    /// Archives or files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    #[command(flatten)]
    pub sources: SourceArgs,
}

/// Check folders, permissions, stores, port and watcher, and list what could not be read.
#[derive(Debug, Args)]
#[command(
    after_help = "JSON (--json): {version, ok, checks [{name, level: ok|warning|error, detail}], status}, where
  status is what GET /api/index-status answers (null when the stores cannot be opened).

Exit code 1 when a check failed."
)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub ask: AskArgs,
}

/// Filters that lists share.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Only this agent; may repeat
    #[arg(long, value_name = "AGENT", value_parser = agents())]
    pub agent: Vec<String>,
    /// Only this project: a folder (`.` is the current one) or a project's name; may repeat
    #[arg(long, value_name = "PROJECT")]
    pub project: Vec<String>,
    /// Only this repository with all its worktrees: a folder in it, or its name; may repeat
    #[arg(long, value_name = "REPOSITORY")]
    pub repo: Vec<String>,
    /// Only this branch; may repeat
    #[arg(long, value_name = "BRANCH")]
    pub branch: Vec<String>,
    /// Only this model; may repeat
    #[arg(long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// Only this tag; may repeat
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Only starred sessions
    #[arg(long)]
    pub starred: bool,
    /// From this day on: 2026-11-21, today, yesterday, 7d, 2w, 3m, 1y
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,
    /// Up to this day, included
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// Helper runs and sub-agents too
    #[arg(long, visible_alias = "include-helpers")]
    pub helpers: bool,
    /// Sessions without any message too
    #[arg(long)]
    pub empty: bool,
}

fn agents() -> PossibleValuesParser {
    let infos = crate::agents::all_infos();
    infos
        .map(|info| PossibleValue::new(info.id).help(info.name))
        .collect::<Vec<_>>()
        .into()
}

/// Stands before a word of a query that would be taken for a flag; no argument can hold it otherwise.
const SHIELD: &str = "\0";

/// The arguments with the excluding words of a query (`-word`) shielded: clap takes either all that
/// begins with a hyphen for words or none, and `search` has long flags only.
pub fn shielded(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.collect();
    if args.get(1).is_some_and(|verb| verb == "search") {
        let words = args.iter_mut().skip(2).take_while(|arg| *arg != "--");
        for word in words.filter(|arg| excludes(arg)) {
            let mut shielded = OsString::from(SHIELD);
            shielded.push(&word);
            *word = shielded;
        }
    }
    args
}

fn excludes(arg: &OsStr) -> bool {
    let bytes = arg.as_encoded_bytes();
    bytes.len() > 1 && bytes[0] == b'-' && bytes[1] != b'-' && arg != "-h"
}

fn word(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.strip_prefix(SHIELD).unwrap_or(text).to_owned())
}

impl ServeArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            host: self.host.clone(),
            port: self.port,
            no_browser: self.no_browser,
            ..self.sources.flags()
        }
    }
}

impl SourceArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            roots: self.roots.clone(),
            memory: self.memory.map(|mib| mib << 20),
            ..Flags::default()
        }
    }
}

/// Whether only this machine can reach an address. Names other than `localhost` may be anything.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(shielded(line.split(' ').map(OsString::from)))
    }

    #[test]
    fn a_query_may_look_like_flags() {
        let cli = parsed("codedash search -hello a --limit 3 -n -- --json").unwrap();
        let Some(Verb::Search(args)) = cli.verb else {
            panic!("search was asked");
        };
        assert_eq!(args.query, ["-hello", "a", "-n", "--json"]);
        assert_eq!(args.limit, 3);
        assert!(!args.ask.json);
        let help = parsed("codedash search -h").unwrap_err();
        assert_eq!(help.kind(), clap::error::ErrorKind::DisplayHelp);
        let Some(Verb::List(args)) = parsed("codedash list -n 5").unwrap().verb else {
            panic!("list was asked");
        };
        assert_eq!(args.limit, 5);
    }

    #[test]
    fn no_verb_serves() {
        let cli = Cli::try_parse_from(["codedash", "--port", "0", "--no-browser"]).unwrap();
        assert!(cli.verb.is_none() && cli.serve.no_browser);
        assert_eq!(cli.serve.flags().port, Some(0));
        assert!(Cli::try_parse_from(["codedash", "serv"]).is_err());
    }

    #[test]
    fn only_the_loopback_is_loopback() {
        for host in ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "192.168.1.2", "box.lan", "127.0.0.1.evil"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
