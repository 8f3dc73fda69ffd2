//! What an organisation pays for.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A plan of the Certivu contract (`facts.md` §1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// 500 signatures a month, then refused.
    Free,
    /// 5,000 included, then charged.
    Starter,
    /// 30,000 included, then charged.
    Growth,
    /// 150,000 included, then charged.
    Scale,
    /// Unlimited.
    Enterprise,
}

impl Plan {
    /// Every plan, cheapest first.
    pub const ALL: [Self; 5] = [
        Self::Free,
        Self::Starter,
        Self::Growth,
        Self::Scale,
        Self::Enterprise,
    ];

    /// Its name in the database and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Growth => "growth",
            Self::Scale => "scale",
            Self::Enterprise => "enterprise",
        }
    }

    /// Signatures included a month; `None` is unlimited.
    #[must_use]
    pub fn included_signatures(self) -> Option<i64> {
        match self {
            Self::Free => Some(500),
            Self::Starter => Some(5_000),
            Self::Growth => Some(30_000),
            Self::Scale => Some(150_000),
            Self::Enterprise => None,
        }
    }

    /// The number of signatures a month at which the next one is refused: only the free plan
    /// has one, the others charge for what exceeds the included number.
    #[must_use]
    pub fn signature_limit(self) -> Option<i64> {
        if self == Self::Free {
            self.included_signatures()
        } else {
            None
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Plan {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|plan| plan.name() == text)
            .ok_or_else(|| {
                Error::invalid(
                    "plan",
                    format!("must be one of {}", Self::ALL.map(Self::name).join(", ")),
                )
            })
    }
}
