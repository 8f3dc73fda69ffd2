//! People and their sessions: for now the operators, who sign in to the console.

mod password;
mod session;
mod setup;
mod store;

pub use session::{SESSION_FOR, Session, end, resume, sign_in};
pub use setup::{create_operator, needs_operator, setup_link};
pub use store::Person;
