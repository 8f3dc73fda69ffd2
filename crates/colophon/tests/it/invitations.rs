//! What the link of an invitation does, once.

use colophon_testkit::person::PASSWORD;
use colophon_testkit::{Person, Request, TestApp, text};
use serde_json::{Value, json};

use crate::monitoring::tamper;
use crate::organisations::{code, invite, organisation};
use crate::{at_once, on_every_database};

fn answer(who: &Person, how: &str, token: &str) -> Request {
    let request = who.request("POST", &format!("/invitations/{how}"));
    request.value(&json!({"token": token}))
}

fn newest(app: &TestApp, by: &Person, org: &str) -> Value {
    let list = by.request("GET", &format!("{org}/invitations"));
    app.json_at(&list, 200)["invitations"][0].clone()
}

/// Has the newest invitation's letter have been sent long ago.
pub(crate) fn due(app: &TestApp) {
    tamper(
        &app.site.database_url(),
        "UPDATE invitation SET expires_at = created_at WHERE id = (SELECT id FROM invitation ORDER BY id DESC LIMIT 1)",
    );
}

fn as_member() -> Value {
    json!({"role": "member"})
}

#[test]
fn an_invitation_is_for_one_person_and_works_once() {
    on_every_database(|app| {
        let [ada, eve, mallory] = ["Ada", "Eve", "Mallory"].map(|name| app.person(name));
        let org = organisation(&app, &ada);
        let token = invite(&app, &ada, &org, &eve.email, &as_member());
        let stolen = answer(&mallory, "accept", &token);
        assert_eq!(code(&app, &stolen, 403), "invitation_for_another");
        let answers = at_once(8, |_| app.send(&answer(&eve, "accept", &token)).status);
        assert_eq!(
            answers.iter().filter(|status| **status == 200).count(),
            1,
            "{answers:?}"
        );
        assert_eq!(
            answers.iter().filter(|status| **status == 409).count(),
            7,
            "{answers:?}"
        );
        for how in ["accept", "decline"] {
            let again = answer(&eve, how, &token);
            assert_eq!(code(&app, &again, 409), "invitation_decided", "{how}");
        }
        assert_eq!(newest(&app, &ada, &org)["status"], "accepted");
        let unknown = answer(&eve, "accept", &"0".repeat(64));
        assert_eq!(code(&app, &unknown, 404), "invitation_invalid");
    });
}

#[test]
fn a_declined_revoked_or_expired_invitation_lets_nobody_in() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let refused = |token: &str| {
            assert_eq!(
                code(&app, &answer(&eve, "accept", token), 409),
                "invitation_decided"
            );
            assert_eq!(code(&app, &eve.request("GET", &org), 404), "not_found");
        };
        let token = invite(&app, &ada, &org, &eve.email, &as_member());
        let declined = app.json_at(&answer(&eve, "decline", &token), 200);
        assert_eq!(declined["status"], "declined");
        refused(&token);

        let again = || {
            due(&app);
            let before = app.site.letters(&eve.email).len();
            let request = ada.request("POST", &format!("{org}/invitations"));
            let new = json!({"email": eve.email, "role": "member"});
            let id = text(&app.json_at(&request.value(&new), 201), "id");
            while app.site.letters(&eve.email).len() == before {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            (id, app.site.token(&eve.email, "/invitation"))
        };
        let (id, token) = again();
        let revoke = ada.request("DELETE", &format!("{org}/invitations/{id}"));
        assert_eq!(app.json_at(&revoke, 200)["status"], "revoked");
        refused(&token);
        assert_eq!(code(&app, &revoke, 409), "invitation_decided");

        let (_, token) = again();
        tamper(
            &app.site.database_url(),
            "UPDATE invitation SET expires_at = created_at WHERE status = 'pending'",
        );
        assert_eq!(newest(&app, &ada, &org)["status"], "expired");
        refused(&token);
    });
}

#[test]
fn an_invitation_sent_again_has_a_new_link_and_the_old_one_opens_nothing() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let old = invite(&app, &ada, &org, &eve.email, &as_member());
        let id = text(&newest(&app, &ada, &org), "id");
        let resend = ada.request("POST", &format!("{org}/invitations/{id}/resend"));
        due(&app);
        app.json_at(&resend, 200);
        assert_eq!(
            code(&app, &answer(&eve, "accept", &old), 404),
            "invitation_invalid"
        );
        let mut new = old.clone();
        while new == old {
            std::thread::sleep(std::time::Duration::from_millis(20));
            new = app.site.token(&eve.email, "/invitation");
        }
        app.json_at(&answer(&eve, "accept", &new), 200);
        assert_eq!(code(&app, &resend, 409), "invitation_decided");
    });
}

#[test]
fn who_is_invited_or_a_member_is_not_invited_again() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let token = invite(&app, &ada, &org, &eve.email, &as_member());
        let again = ada.request("POST", &format!("{org}/invitations"));
        let again = again.value(&json!({"email": " EVE@example.org", "role": "admin"}));
        assert_eq!(code(&app, &again, 409), "already_invited");
        app.json_at(&answer(&eve, "accept", &token), 200);
        assert_eq!(code(&app, &again, 409), "already_member");
        for bad in [
            "eve",
            "eve@example.org\r\nBcc: all@example.org",
            "a@b, c@d.org",
        ] {
            let new = ada.request("POST", &format!("{org}/invitations"));
            let new = new.value(&json!({"email": bad, "role": "member"}));
            assert_eq!(code(&app, &new, 400), "validation_failed", "{bad:?}");
        }
    });
}

#[test]
fn nobody_sends_letters_from_an_address_that_they_have_not_shown_to_be_theirs() {
    on_every_database(|app| {
        let signed_up = json!({
            "email": "ada@example.org", "password": PASSWORD, "display_name": "Ada",
            "accept_terms": true, "confirm_age_18": true,
        });
        let sign_up = Request::new("POST", "/v1/auth/signup").value(&signed_up);
        app.json_at(&sign_up, 201);
        let ada = app.sign_in("ada@example.org", PASSWORD);
        let org = organisation(&app, &ada);
        let invite = ada.request("POST", &format!("{org}/invitations"));
        let invite = invite.value(&json!({"email": "eve@example.org", "role": "member"}));
        assert_eq!(code(&app, &invite, 403), "email_not_verified");
        let page = Request::new("GET", &format!("/account{org}/invitations"));
        let page = app.send(&page.cookies(&ada.cookies));
        assert!(page.text().contains("Confirm your own address"));
        assert!(!page.text().contains("Invite somebody"));

        let set = |sql| tamper(&app.site.database_url(), sql);
        set("UPDATE person SET email_verified_at = created_at");
        let id = text(&app.json_at(&invite, 201), "id");
        set("UPDATE person SET email_verified_at = NULL");
        let resend = ada.request("POST", &format!("{org}/invitations/{id}/resend"));
        assert_eq!(code(&app, &resend, 403), "email_not_verified");
        // What was sent can be taken back all the same.
        let revoke = ada.request("DELETE", &format!("{org}/invitations/{id}"));
        app.json_at(&revoke, 200);
    });
}
