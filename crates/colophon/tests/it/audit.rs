//! What an owner can find out and prove about what was done.

use colophon_testkit::{Person, TestApp, text};
use serde_json::{Value, json};

use crate::monitoring::tamper;
use crate::on_every_database;
use crate::organisations::organisation;

/// Adds so many locations, from a program of this name.
fn add_locations(app: &TestApp, by: &Person, org: &str, many: usize, program: &str) {
    for number in 0..many {
        let new = by.request("POST", &format!("{org}/locations"));
        let new = new.header("User-Agent", program);
        app.json_at(&new.value(&json!({"name": format!("=1+{number}")})), 201);
    }
}

#[test]
fn every_change_is_listed_with_who_what_when_and_from_where() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        add_locations(&app, &ada, &org, 4, "browser/1");
        let mut events = Vec::new();
        let mut next = String::new();
        loop {
            let path = format!("{org}/audit?limit=2{next}");
            let page = app.json_at(&ada.request("GET", &path), 200);
            events.extend(page["events"].as_array().unwrap().clone());
            match page["next_before"].as_i64() {
                Some(before) => next = format!("&before={before}"),
                None => break,
            }
        }
        let actions: Vec<String> = events.iter().map(|event| text(event, "action")).collect();
        let added = "location.added";
        assert_eq!(
            actions,
            [added, added, added, added, "organization.created"]
        );
        let newest = &events[0];
        assert_eq!(
            (&newest["actor"], &newest["details"]["name"]),
            (&json!(ada.id), &json!("=1+3"))
        );
        assert_eq!(
            (&newest["ip"], &newest["user_agent"]),
            (&json!("127.0.0.1"), &json!("browser/1"))
        );
        // The chain can be checked with nothing but the answer.
        for pair in events.windows(2) {
            let document: Value = serde_json::from_str(&text(&pair[0], "document")).unwrap();
            assert_eq!(document["previous"], pair[1]["hash"]);
        }
    });
}

#[test]
fn a_list_that_somebody_changed_in_the_database_does_not_verify() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        add_locations(&app, &ada, &org, 2, "browser/1");
        let verify = || app.json_at(&ada.request("GET", &format!("{org}/audit/verify")), 200);
        assert_eq!(verify(), json!({"status": "whole", "events": 3}));
        tamper(
            &app.site.database_url(),
            "UPDATE audit_event SET subject = 'loc_other' WHERE action = 'location.added' AND seq = 2",
        );
        assert_eq!(verify(), json!({"status": "broken", "at": 2}));
    });
}

#[test]
fn the_table_of_a_long_list_is_whole_and_no_cell_is_a_formula() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        add_locations(&app, &ada, &org, 3, "=HYPERLINK(\"https://evil.example\")");
        let answer = app.send(&ada.request("GET", &format!("{org}/audit.csv")));
        assert_eq!(
            answer.header("content-type"),
            Some("text/csv; charset=utf-8")
        );
        let disposition = answer.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment"), "{disposition}");
        let lines: Vec<&str> = answer.text().split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(
            lines[0],
            "seq,at,actor,action,subject,details,ip,user_agent,hash"
        );
        assert!(lines[1].starts_with("\"1\",") && lines[1].contains("organization.created"));
        assert!(
            lines[4].contains(",\"'=HYPERLINK(\"\"https://evil.example\"\")\","),
            "{}",
            lines[4]
        );
    });
}
