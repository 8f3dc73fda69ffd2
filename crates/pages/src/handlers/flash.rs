//! A word from the step before, carried over a redirect.

use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use colophon_http::cookie::{self, Cookies, SameSite};

const COOKIE: &str = "colophon_flash";
/// Seconds; a redirect takes less.
const LIVES: u64 = 60;

macro_rules! flashes {
    ($($name:ident = $words:literal;)*) => {
        /// What was just done. Only its name travels, so no one can put words on the page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Flash {
            $($name,)*
        }

        impl Flash {
            const ALL: &[Self] = &[$(Self::$name,)*];

            fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

flashes! {
    AccountMade = "Your account is made, and you are signed in.";
    SignedOut = "You have signed out.";
    SignedOutEverywhere = "You have signed out everywhere.";
    SignedUp = "We have sent a letter to your address. Follow the link in it, then sign in.";
    EmailVerified = "Your e-mail address is confirmed.";
    VerificationSent = "The letter is on its way: follow the link in it.";
    ResetSent = "If this address has an account, a link to choose a new password is on its way.";
    PasswordReset = "Your new password is set, and every device was signed out. Sign in with it.";
    PasswordChanged = "Your password is changed, and your other devices were signed out.";
    ProfileSaved = "Your profile is saved.";
    HandleSet = "Your handle is set.";
    PictureSet = "Your picture is set.";
    PictureRemoved = "Your picture is removed.";
    TrainingSet = "Your choice about training is saved.";
    AccountDeleted = "Your account is deleted. What you signed stays, and names nobody.";
    SessionEnded = "The device is signed out.";
    AppTakenBack = "The app can act for you no more.";
    OrganisationMade = "The organisation is made.";
    OrganisationSaved = "The organisation is saved.";
    OrganisationLeft = "You have left the organisation.";
    OrganisationTransferred = "The organisation has a new owner; you stay as an administrator.";
    RoleGiven = "The role is given.";
    RoleTaken = "The role is taken.";
    MemberAdded = "The person belongs to the organisation now.";
    MemberSuspended = "The member is suspended: roles are kept, and open nothing.";
    MemberResumed = "The member is let in again.";
    MemberRemoved = "The member is removed.";
    Invited = "The invitation is on its way.";
    InvitationResent = "The invitation is sent again; the earlier link opens nothing any more.";
    InvitationRevoked = "The invitation is taken back.";
    InvitationAccepted = "Welcome: you belong to the organisation now.";
    InvitationDeclined = "You have declined the invitation.";
    LocationAdded = "The location is added.";
    LocationSaved = "The location is saved.";
    GeneratorRegistered = "The generator is registered; its records are accepted now.";
    GeneratorRevoked = "The generator is revoked.";
    KeyRevoked = "The API key is revoked.";
    AppRevoked = "The app is revoked: it can act for nobody, and nobody can let it in.";
    IssuerRemoved = "The identity provider is removed; its tokens open nothing any more.";
    IssuerRegistered = "The identity provider is registered; its tokens open sessions now.";
    JobRequeued = "The job is back in the queue.";
    JobCancelled = "The job is cancelled.";
    ExportRequested = "The copy is being made; the log page links to it when it is done.";
}

impl Flash {
    fn name(self) -> String {
        format!("{self:?}")
    }

    /// Has the next page say it.
    pub(super) fn leave(self, cookies: Cookies, headers: &mut HeaderMap) {
        cookies.set(headers, COOKIE, &self.name(), SameSite::Lax, Some(LIVES));
    }

    /// Leads on (303, so that a reload does not send the form again), and has the next page say it.
    pub(super) fn lead(self, cookies: Cookies, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        self.leave(cookies, response.headers_mut());
        response
    }

    /// What to say now.
    pub(super) fn found(request: &HeaderMap) -> Option<&'static str> {
        let name = cookie::get(request, COOKIE)?;
        let flash = Self::ALL.iter().find(|flash| flash.name() == name)?;
        Some(flash.words())
    }

    /// Says it no more.
    pub(super) fn clear(cookies: Cookies, headers: &mut HeaderMap) {
        cookies.end(headers, COOKIE);
    }
}
