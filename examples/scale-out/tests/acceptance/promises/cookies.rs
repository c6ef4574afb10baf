//! The visitor's cookie: who may read it, who made it, how long it lasts.

use anyhow::{Context, Result, bail, ensure};

use crate::kit::client::{Answer, get};
use crate::kit::deployment::Deployment;
use crate::kit::instances::Server;
use crate::kit::visitor::Visitor;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210";

/// Attributes of the cookie that a first visit sets, in lower case.
fn attributes(answer: &Answer) -> Result<Vec<String>> {
    let cookie = answer.header("set-cookie").context("no cookie")?;
    ensure!(cookie.starts_with("visitor="), "{cookie}");
    Ok(cookie.split(';').skip(1).map(|part| part.trim().to_lowercase()).collect())
}

#[test]
fn the_cookie_is_for_this_site_and_out_of_reach_of_scripts() -> Result<()> {
    let deployment = Deployment::with_instances(1, &[])?;
    let attributes = attributes(&get(deployment.address, "/visit")?.with_status(200)?)?;
    for wanted in ["httponly", "max-age=86400", "path=/"] {
        ensure!(attributes.iter().any(|attribute| attribute == wanted), "no {wanted} in {attributes:?}");
    }
    let same_site = ["samesite=lax", "samesite=strict"];
    ensure!(attributes.iter().any(|attribute| same_site.contains(&&**attribute)), "{attributes:?}");
    // It would not come back over http.
    ensure!(!attributes.iter().any(|attribute| attribute == "secure"), "{attributes:?}");
    deployment.down()
}

#[test]
fn in_production_the_cookie_is_secure() -> Result<()> {
    let deployment = Deployment::with_instances(1, &[])?;
    let flags = ["--production", "--redis", &deployment.redis_url];
    let server = Server::start_with(&flags, &[("SESSION_SECRET", SECRET)])?;
    let attributes = attributes(&get(server.address, "/visit")?.with_status(200)?)?;
    ensure!(attributes.iter().any(|attribute| attribute == "secure"), "{attributes:?}");
    drop(server);
    deployment.down()
}

#[test]
fn a_cookie_that_was_tampered_with_starts_a_new_session() -> Result<()> {
    let deployment = Deployment::up(&[])?;
    let mut honest = Visitor::default();
    for expected in 1..=3 {
        ensure!(honest.count(deployment.address)? == expected);
    }
    let cookie = honest.cookie.clone().context("no cookie")?;
    let (name, value) = cookie.split_once('=').context("no value")?;
    // Another signature, another session under the old signature, and none at all.
    let last = value.len() - 1;
    let other = |at: usize| if &value[at..=at] == "A" { "B" } else { "A" };
    let forged = [
        format!("{}{}{}", &value[..5], other(5), &value[6..]),
        format!("{}{}{}", &value[..last - 5], other(last - 5), &value[last - 4..]),
        "nonsense".to_owned(),
        String::new(),
    ];
    for value in forged {
        let mut forger = Visitor { cookie: Some(format!("{name}={value}")) };
        let count = forger.count(deployment.address)?;
        ensure!(count == 1, "the cookie {value} has {count} visits, the honest one {cookie}");
    }
    ensure!(honest.count(deployment.address)? == 4, "forged cookies changed a session");
    deployment.down()
}

#[test]
fn only_who_has_the_secret_can_make_a_cookie() -> Result<()> {
    let deployment = Deployment::with_instances(1, &[])?;
    let with = |secret| Server::start_with(&["--redis", &deployment.redis_url], &[("SESSION_SECRET", secret)]);
    let [ours, same, other] = [with(SECRET)?, with(SECRET)?, with(OTHER_SECRET)?];
    let mut visitor = Visitor::default();
    ensure!(visitor.count(ours.address)? == 1);
    ensure!(visitor.clone().count(other.address)? == 1, "a cookie of another secret was believed");
    ensure!(visitor.count(same.address)? == 2, "a cookie of the same secret was not believed");
    drop((ours, same, other));
    deployment.down()
}

#[test]
fn visitors_are_counted_apart() -> Result<()> {
    let deployment = Deployment::up(&[])?;
    let (mut one, mut other) = (Visitor::default(), Visitor::default());
    for expected in 1..=4 {
        ensure!(one.count(deployment.address)? == expected);
        ensure!(other.count(deployment.address)? == expected);
    }
    deployment.down()
}

#[test]
fn a_visit_that_is_sent_again_counts_once() -> Result<()> {
    let deployment = Deployment::up(&[])?;
    let mut visitor = Visitor::default();
    ensure!(visitor.count(deployment.instances[0])? == 1);
    // As nginx does when an instance dies with the request.
    let id = [("x-request-id", "a-request-that-is-sent-again")];
    for &instance in &deployment.instances {
        let count = visitor.visit_with(instance, &id)?.with_status(200)?.number("visits")?;
        ensure!(count == 2, "counted again: {count}");
    }
    ensure!(visitor.count(deployment.address)? == 3);
    // Who writes the header himself is not believed.
    for expected in 4..=5 {
        let count = visitor.visit_with(deployment.address, &id)?.with_status(200)?.number("visits")?;
        ensure!(count == expected, "visit {expected} was counted as {count}");
    }
    deployment.down()
}

#[test]
fn a_session_that_cannot_be_read_begins_anew() -> Result<()> {
    let deployment = Deployment::with_instances(1, &[])?;
    let mut visitor = Visitor::default();
    ensure!(visitor.count(deployment.address)? == 1);
    let mut redis = redis::Client::open(&*deployment.redis_url)?.get_connection()?;
    let sessions: Vec<String> = redis::cmd("KEYS").arg("session:*").query(&mut redis)?;
    let [session] = &sessions[..] else { bail!("one session: {sessions:?}") };
    let () = redis::cmd("SET").arg(session).arg("nonsense").query(&mut redis)?;
    for expected in 1..=2 {
        let count = visitor.count(deployment.address)?;
        ensure!(count == expected, "visit {expected} was counted as {count}");
    }
    deployment.down()
}
