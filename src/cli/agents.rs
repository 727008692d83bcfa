//! `codedash agents`: who is known, what was found of them, what they record.

use super::args::AgentsArgs;
use super::ask::{Ask, Need};
use super::{print_json, text};
use crate::web::api::params::Params;
use crate::web::api::status::{self, AgentRecord};
use std::io::Write;
use std::process::ExitCode;

pub fn run(args: &AgentsArgs) -> anyhow::Result<ExitCode> {
    let ask = Ask::open(&args.sources.flags(), "agents", Need::Listing)?;
    let status = ask
        .get("/api/index-status", &Params::default(), status::index)?
        .body;
    if args.json {
        return print_json(&status.agents);
    }
    let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
    render(&status.agents, args.all, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn render(agents: &[AgentRecord], all: bool, out: &mut impl Write) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    writeln!(
        out,
        "{bold}{:<22} {:>8} {:>9} {:>10} {:>7}  records{bold:#}",
        "agent", "sources", "sessions", "messages", "issues"
    )?;
    let there = |agent: &AgentRecord| {
        agent.sources > 0 || agent.sessions > 0 || agent.roots.iter().any(|root| root.exists)
    };
    for agent in agents.iter().filter(|agent| all || there(agent)) {
        let mut records = agent.records.join(", ");
        if !agent.lacks.is_empty() {
            records.push_str(&format!("; not {}", agent.lacks.join(", ")));
        }
        // a display variant has none of its own
        let sources = match agent.roots.is_empty() {
            true => String::new(),
            false => text::count(agent.sources),
        };
        writeln!(
            out,
            "{:<22} {:>8} {:>9} {:>10} {:>7}  {records}",
            text::cut(&agent.name, 22),
            sources,
            text::count(agent.sessions),
            text::count(agent.messages),
            text::count(agent.issues),
        )?;
        let resume = agent.resume.as_deref().unwrap_or("no command resumes one");
        writeln!(out, "  {dim}{}{dim:#}", text::line(resume))?;
        if agent.roots.is_empty() {
            writeln!(out, "  {dim}in another agent's folders{dim:#}")?;
        }
        for root in agent.roots.iter().filter(|root| all || root.exists) {
            let missing = if root.exists { "" } else { " (not there)" };
            writeln!(out, "  {dim}{}{missing}{dim:#}", text::line(&root.path))?;
        }
    }
    let absent = agents.iter().filter(|agent| !there(agent)).count();
    if absent > 0 && !all {
        let more = text::plural(absent as u64, "more agent");
        writeln!(out, "{dim}nothing was found of {more} (--all){dim:#}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::status::RootRecord;

    #[test]
    fn what_is_there_and_what_is_not_is_said() {
        let agent = |name: &str, exists: bool| AgentRecord {
            name: name.into(),
            sessions: u64::from(exists) * 3,
            roots: vec![RootRecord {
                path: format!("/h/.{name}"),
                exists,
            }],
            records: vec!["tokens".into()],
            lacks: vec!["times".into()],
            ..AgentRecord::default()
        };
        let agents = [agent("here", true), agent("absent", false)];
        let shown = |all: bool| {
            let mut plain = anstream::StripStream::new(Vec::new());
            render(&agents, all, &mut plain).unwrap();
            String::from_utf8(plain.into_inner()).unwrap()
        };
        let some = shown(false);
        assert!(some.contains("tokens; not times"), "{some}");
        assert!(
            some.contains("/h/.here\n") && !some.contains("absent"),
            "{some}"
        );
        assert!(some.contains("nothing was found of 1 more agent"), "{some}");
        assert!(shown(true).contains("/h/.absent (not there)"));
        assert!(!some.contains("in another agent's folders"), "{some}");
        let variant = AgentRecord {
            name: "variant".into(),
            sessions: 2,
            ..AgentRecord::default()
        };
        let mut plain = anstream::StripStream::new(Vec::new());
        render(&[variant], false, &mut plain).unwrap();
        let variant = String::from_utf8(plain.into_inner()).unwrap();
        assert!(variant.contains("in another agent's folders"), "{variant}");
    }
}
