//! Plans that are paid by the month, as data. List prices in US dollars; an entry of a person
//! carries what was really paid.

/// Plans of one vendor.
#[derive(Debug)]
pub struct Service {
    /// Stable: kept in the user's own file.
    pub id: &'static str,
    pub name: &'static str,
    /// Ids of the agents, display variants included, whose use the plans pay for.
    pub agents: &'static [&'static str],
    /// The plans limit use by windows of five hours.
    pub windows: bool,
    /// Name and dollars a month.
    pub plans: &'static [(&'static str, i64)],
}

/// Every service whose plans are known.
pub static SERVICES: &[Service] = &[
    Service {
        id: "claude",
        name: "Claude",
        agents: &["claude", "claude-ext", "claude-desktop"],
        windows: true,
        plans: &[("Pro", 20), ("Max 5x", 100), ("Max 20x", 200)],
    },
    Service {
        id: "openai",
        name: "ChatGPT",
        agents: &["codex", "codex-ext", "codex-app"],
        windows: true,
        plans: &[("Plus", 20), ("Pro", 200)],
    },
    Service {
        id: "cursor",
        name: "Cursor",
        agents: &["cursor", "cursor-agent"],
        windows: false,
        plans: &[("Pro", 20), ("Pro+", 60), ("Ultra", 200)],
    },
    Service {
        id: "kiro",
        name: "Kiro",
        agents: &["kiro"],
        windows: false,
        plans: &[("Pro", 20), ("Pro+", 40), ("Power", 200)],
    },
    Service {
        id: "opencode",
        name: "OpenCode",
        agents: &["opencode"],
        windows: false,
        plans: &[("Go", 10)],
    },
];

/// The service whose plans pay for this agent.
pub fn service_of(agent: &str) -> Option<&'static Service> {
    SERVICES
        .iter()
        .find(|service| service.agents.contains(&agent))
}

pub fn service(id: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.id == id)
}
