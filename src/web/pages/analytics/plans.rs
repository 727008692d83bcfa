//! Plans that somebody pays for, as forms that work without a script.

use super::PATH;
use crate::engine::view::{Service, Subscription, Subscriptions};
use crate::model::Day;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::params::Params;
use crate::web::respond;
use crate::web::{App, blocking};
use axum::extract::State;
use axum::http::StatusCode;

/// Longest name of a plan, in characters.
const MAX_NAME: usize = 60;
/// Most dollars a month.
const MAX_DOLLARS: f64 = 1_000_000.0;

/// The forms: one for each plan, and one for a new one.
pub struct PlanForms {
    pub rows: Vec<PlanForm>,
    pub services: Vec<Service>,
    pub offers: Vec<Offer>,
    pub today: String,
}

/// What a click fills the form with: a plan of the list.
pub struct Offer {
    pub value: String,
    pub label: String,
}

pub struct PlanForm {
    pub id: u64,
    pub service: String,
    pub plan: String,
    pub dollars: String,
    pub from: String,
    pub to: String,
}

impl PlanForms {
    pub fn new(subscriptions: Subscriptions, today: Day) -> PlanForms {
        let offers = subscriptions.services.iter().flat_map(|service| {
            service.plans.iter().map(|(name, micros)| {
                let dollars = whole(*micros);
                Offer {
                    value: format!("{}|{name}|{dollars}", service.id),
                    label: format!("{} {name}, ${dollars} a month", service.name),
                }
            })
        });
        PlanForms {
            offers: offers.collect(),
            rows: subscriptions.rows.iter().map(form).collect(),
            services: subscriptions.services,
            today: today.to_string(),
        }
    }
}

fn form(row: &Subscription) -> PlanForm {
    PlanForm {
        id: row.id,
        service: row.service.clone(),
        plan: row.plan.clone(),
        dollars: whole(row.monthly),
        from: row.from.to_string(),
        to: row.to.map_or_else(String::new, |to| to.to_string()),
    }
}

/// Dollars with cents only where there are any.
fn whole(micros: i64) -> String {
    match micros % 1_000_000 {
        0 => (micros / 1_000_000).to_string(),
        _ => format!("{:.2}", micros as f64 / 1e6),
    }
}

/// `POST /analytics/plans`, form `id` (0 or absent: a new one), `offer` (`service|plan|dollars`) or
/// `service`, `plan`, and `dollars` a month (overrides the offer's), `from`, `to`; `remove=1` with
/// `id` takes a plan away.
pub async fn change(State(app): State<App>, _: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let id: u64 = form.get("id").and_then(|id| id.parse().ok()).unwrap_or(0);
        if form.flag("remove") {
            app.engine.remove_subscription(id)?;
        } else {
            let services = app
                .engine
                .subscriptions(&Default::default(), &Default::default())?;
            let entry = read(&form, id, &services.services)?;
            app.engine.put_subscription(&entry)?;
        }
        Ok(respond::back(Some(form.get("back").unwrap_or(PATH))))
    })
    .await
}

fn read(form: &Params, id: u64, services: &[Service]) -> Result<Subscription, Failure> {
    let bad = |message: &str| Failure::new(StatusCode::BAD_REQUEST, message);
    let offer: Vec<&str> = form
        .get("offer")
        .unwrap_or_default()
        .splitn(3, '|')
        .collect();
    let part = |at: usize| offer.get(at).copied().filter(|part| !part.is_empty());
    let service = part(0).or_else(|| form.get("service")).unwrap_or_default();
    if !service.is_empty() && !services.iter().any(|known| known.id == service) {
        return Err(bad("there is no such service"));
    }
    let plan = form
        .get("plan")
        .or_else(|| part(1))
        .map(str::trim)
        .unwrap_or_default();
    if plan.is_empty() || plan.chars().count() > MAX_NAME || plan.contains(char::is_control) {
        return Err(bad("a plan needs a name of 1 to 60 characters"));
    }
    let dollars = form.get("dollars").or_else(|| part(2)).unwrap_or_default();
    let dollars: f64 = dollars
        .trim()
        .trim_start_matches('$')
        .parse()
        .unwrap_or(-1.0);
    if !(0.0..=MAX_DOLLARS).contains(&dollars) {
        return Err(bad("a plan costs 0 to 1,000,000 dollars a month"));
    }
    let from = form.get("from").and_then(Day::parse);
    let from = from.ok_or_else(|| bad("a plan begins on a day such as 2026-03-01"))?;
    let to = form
        .get("to")
        .map(|to| Day::parse(to).ok_or_else(|| bad("the last day is no day")));
    let to = to.transpose()?;
    if to.is_some_and(|to| to < from) {
        return Err(bad("the last day of a plan is not before its first"));
    }
    Ok(Subscription {
        id,
        service: service.to_owned(),
        plan: plan.to_owned(),
        monthly: (dollars * 1e6).round() as i64,
        from,
        to,
        ..Subscription::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    fn entry(body: &str) -> Result<Subscription, Failure> {
        read(&Params::parse(body), 0, &sample::subscriptions().services)
    }

    #[test]
    fn an_offer_fills_in_what_is_not_said() {
        let offers = PlanForms::new(sample::subscriptions(), Day(20_000)).offers;
        let body = |more: &str| format!("offer={}&from=2026-03-01{more}", offers[0].value);
        let plan = entry(&body("")).unwrap();
        let known = &sample::subscriptions().services[0];
        assert_eq!(
            (plan.service, plan.plan, plan.monthly),
            (known.id.clone(), known.plans[0].0.clone(), known.plans[0].1)
        );
        assert_eq!(entry(&body("&dollars=17.5")).unwrap().monthly, 17_500_000);
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        for body in [
            "plan=x&dollars=3",
            "plan=x&dollars=-3&from=2026-03-01",
            "plan=x&dollars=NaN&from=2026-03-01",
            "dollars=3&from=2026-03-01",
            "plan=x&service=nobody&dollars=3&from=2026-03-01",
            "plan=x&dollars=3&from=2026-03-02&to=2026-03-01",
        ] {
            assert_eq!(
                entry(body).unwrap_err().status,
                StatusCode::BAD_REQUEST,
                "{body}"
            );
        }
        assert!(entry("plan=x&dollars=3&from=2026-03-01&to=2026-03-01").is_ok());
    }
}
