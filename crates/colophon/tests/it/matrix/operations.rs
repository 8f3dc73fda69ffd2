//! Everything that can be asked.

use colophon_testkit::{Request, contract};

use super::company::Things;

/// How an operation is shown who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A key or an artist's access token in `Authorization: Bearer`.
    Bearer,
    /// The same with a token of the Lumethic contract.
    Photographer,
    /// A key in `X-API-Key`.
    AtlasKey,
    /// A session's cookie, as pages know it.
    PageCookie,
    /// A session's cookie of the Idle Atlas contract.
    AtlasCookie,
}

/// One operation: a row.
pub struct Operation {
    /// `METHOD path`, as the document has it.
    pub name: String,
    pub shown: Shown,
    product: Product,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    Music,
    Photo,
    Content,
    Org,
    Own,
    Page,
}

/// Every operation that is served, contract by contract.
pub fn operations() -> Vec<Operation> {
    let own: Vec<String> = contract::registry()
        .operations()
        .iter()
        .map(|operation| format!("{} {}", operation.method, operation.path_template))
        .collect();
    let own = own.join("\n");
    let pages = colophon_pages::CONTRACT_PAGES.join("\n");
    [
        (Product::Music, colophon_api_music::IMPLEMENTED),
        (Product::Photo, colophon_api_photo::IMPLEMENTED),
        (Product::Content, colophon_api_content::IMPLEMENTED),
        (Product::Org, colophon_api_org::IMPLEMENTED),
        (Product::Own, &own),
        (Product::Page, &pages),
    ]
    .into_iter()
    .flat_map(|(product, list)| list.lines().map(move |line| Operation::new(product, line)))
    .collect()
}

/// Requests that get past every check of their form, so that what is left to say no is who asks.
/// What would end the account or the ownership of whoever may is asked for in a way that ends in
/// a conflict.
const BODIES: &[(&str, &str)] = &[
    ("POST /v1/me/api-keys", r#"{"type": "secret", "name": "x"}"#),
    ("PATCH /v1/me/handle", r#"{"handle": "-"}"#),
    ("PATCH /v1/me/profile", r#"{"bio": "x"}"#),
    ("PATCH /v1/me/ml-training", r#"{"opt_out": true}"#),
    (
        "POST /v1/me/delete",
        r#"{"confirm_email": "x@example.org", "confirm_delete": true}"#,
    ),
    (
        "PUT /v1/me/api-keys/{key_id}/frame-ancestors",
        r#"{"frame_ancestors": []}"#,
    ),
    (
        "POST /v1/admin/organisations",
        r#"{"name": "Label", "contact_email": "label@example.org"}"#,
    ),
    (
        "POST /v1/admin/organisations/{org_id}/members",
        r#"{"artist_id": "{person}", "role": "member"}"#,
    ),
    (
        "POST /v1/admin/oauth/apps",
        r#"{"name": "x", "redirect_uris": ["https://example.org/{number}"]}"#,
    ),
    ("POST /v1/apikeys/", r#"{"account_id": "{org-uuid}"}"#),
    ("POST /api/customer/v1/api-keys", r#"{"name": "x"}"#),
    ("POST /organisations", r#"{"name": "x"}"#),
    ("PATCH /organisations/{org}", r#"{"name": "Studio"}"#),
    (
        "POST /organisations/{org}/transfer",
        r#"{"member_id": "{own}"}"#,
    ),
    (
        "POST /organisations/{org}/members/{member}/roles",
        r#"{"role": "guest", "location_id": "{location}"}"#,
    ),
    (
        "POST /organisations/{org}/invitations",
        r#"{"email": "somebody{number}@example.org", "role": "guest", "location_id": "{location}"}"#,
    ),
    (
        "POST /organisations/{org}/locations",
        r#"{"name": "Place {number}"}"#,
    ),
    (
        "PATCH /organisations/{org}/locations/{location}",
        r#"{"name": "Berlin"}"#,
    ),
    ("POST /organisations/{org}/keys", r#"{"kind": "atlas"}"#),
    (
        "PUT /sessions/current/organisation",
        r#"{"organisation_id": "{org}"}"#,
    ),
];

impl Operation {
    fn new(product: Product, name: &str) -> Self {
        let (_, path) = name.split_once(' ').unwrap();
        let shown = match product {
            Product::Org if path.contains("/api-keys") => Shown::AtlasCookie,
            Product::Org => Shown::AtlasKey,
            Product::Photo => Shown::Photographer,
            Product::Page => Shown::PageCookie,
            _ => Shown::Bearer,
        };
        Self {
            name: name.to_owned(),
            shown,
            product,
        }
    }

    /// The kind of key that the operation's contract has.
    pub fn key_kind(&self) -> &'static str {
        match self.product {
            Product::Music => "trackorigin-secret",
            Product::Photo => "lumethic",
            Product::Content => "certivu",
            Product::Org | Product::Own | Product::Page => "atlas",
        }
    }

    /// Whether what it does to whoever may do it has to be undone before the next one asks.
    pub fn ends_sessions(&self) -> bool {
        self.name.contains("logout") || self.name.contains("refresh")
    }

    /// The same for memberships.
    pub fn ends_memberships(&self) -> bool {
        self.name.ends_with("/leave")
    }

    fn body(&self) -> Option<&'static str> {
        let found = BODIES.iter().find(|(name, _)| *name == self.name);
        found.map(|(_, body)| *body)
    }

    /// Whether it is about a thing: `key`, `member`.
    pub fn needs(&self, thing: &str) -> bool {
        let braced = format!("{{{thing}}}");
        self.path().contains(&braced) || self.body().is_some_and(|body| body.contains(&braced))
    }

    /// The path, with one name for a thing that the contracts name differently.
    fn path(&self) -> String {
        let (_, path) = self.name.split_once(' ').unwrap();
        if self.product == Product::Photo {
            return path.replace("{key_id}", "{key-uuid}");
        }
        path.replace("{key_id}", "{key}")
            .replace("{apiKeyId}", "{key}")
            .replace("{org_id}", "{org}")
    }

    /// The request, about these things.
    pub fn request(&self, things: &Things) -> Request {
        let fill = |text: &str| {
            things.iter().fold(text.to_owned(), |text, (name, id)| {
                text.replace(&format!("{{{name}}}"), id)
            })
        };
        let (method, _) = self.name.split_once(' ').unwrap();
        let query = match self.name.as_str() {
            "GET /v1/admin/artists/lookup" => "?email=subject@example.org",
            _ => "",
        };
        // What is left belongs to nobody: records, files, log entries.
        let path = fill(&self.path()).replace(['{', '}'], "") + query;
        let request = Request::new(method, &path);
        match (method, self.body()) {
            (_, Some(body)) => request.json(fill(body)),
            ("POST" | "PUT" | "PATCH", None) if !self.takes_no_body() => request.json("{}"),
            _ => request,
        }
    }

    fn takes_no_body(&self) -> bool {
        [
            "/suspend",
            "/resume",
            "/resend",
            "/leave",
            "/revoke",
            "/logout",
            "/logout-all",
        ]
        .iter()
        .any(|end| self.name.ends_with(end))
    }
}
