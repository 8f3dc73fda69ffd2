//! People: their accounts, how they show who they are, and the sessions that follow.

mod access_token;
mod account;
mod avatar;
mod deletion;
mod expiry;
mod export;
mod lockout;
mod oidc;
mod password;
mod person;
mod picture;
mod profile;
mod provider_keys;
mod session;
mod sessions;
mod setup;
mod sign_in;
mod store;

pub use access_token::{ACCESS_FOR, AccessTokens, Audience};
pub use account::{
    RESET_REQUESTED, SignUp, change_password, request_reset, resend_verification, reset_password,
    send_reset, sign_up, verify_email,
};
pub use avatar::{AVATAR_BYTES, avatar_url, remove_avatar, set_avatar};
pub use deletion::{PURGE, delete, purge};
pub use expiry::purge_expired;
pub use export::export;
pub use oidc::{Issuer, NewIssuer, bridge, issuers, register_issuer, remove_issuer};
pub use person::{ExternalLink, Person, email_address, handle};
pub(crate) use profile::record;
pub use profile::{
    ProfileChange, find, find_by_email, get, me, set_handle, set_ml_opt_out, update,
};
pub use provider_keys::ProviderKeys;
pub use session::{
    Credentials, Device, Session, SessionKind, caller_in, choose_organisation, devices, end,
    end_all, end_by_refresh, end_device, refresh,
};
pub use sessions::Sessions;
pub use setup::{create_operator, needs_operator, setup_link};
pub use sign_in::{sign_in, sign_in_operator};
