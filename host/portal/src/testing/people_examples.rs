//! Examples of the pages of people.

use std::time::Duration;

use askama::Template;
use riser_domain::{Role, Timestamp};

use super::HOSTILE;
use super::examples::{flowing, signed_in, times};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::account::AccountPage;
use crate::pages::users::{NewPassword, PersonRow, RoleChoice, UserPage, UsersPage};
use crate::people::SessionRow;

fn layout() -> PageLayout {
    let context = signed_in(Role::Admin, "Anna Keller", "/users").context;
    PageLayout::new(MenuEntry::Users, "Office Park North", context, &flowing(), &times())
}

fn earlier(minutes: u64) -> Timestamp {
    times().now().minus(Duration::from_mins(minutes))
}

fn person(id: i64, name: &str, role: &'static str, signed_in_at: Option<u64>, sessions: usize) -> PersonRow {
    let signed_in_at = signed_in_at.map(|minutes| times().moment(earlier(minutes)));
    PersonRow { id, name: name.to_owned(), role, signed_in_at, sessions, is_self: id == 1 }
}

fn sessions() -> Vec<SessionRow> {
    let session = |id: &str, address: &str, is_own| SessionRow {
        id: id.repeat(64),
        address: address.to_owned(),
        since: times().moment(earlier(200)),
        last_used: times().age(earlier(3)),
        is_own,
    };
    vec![session("a", "192.0.2.7", true), session("b", "2001:db8::17", false)]
}

fn new_password() -> NewPassword {
    NewPassword { user: HOSTILE.to_owned(), password: "abcdefghjkmnpqrstuvwxyz2".to_owned() }
}

pub(crate) fn all() -> Vec<(String, String)> {
    let list = |name: &str, error: Option<&str>, new_password| UsersPage {
        layout: layout(),
        rows: vec![
            person(1, "Anna Keller", "Admin", Some(3), 1),
            person(2, HOSTILE, "Operator", Some(2_000), 2),
            person(3, "victor", "Viewer", None, 0),
        ],
        roles: RoleChoice::all(Role::Viewer),
        name: name.to_owned(),
        error: error.map(str::to_owned),
        new_password,
    };
    let one = |person, sessions, error: Option<&str>, new_password| UserPage {
        layout: layout(),
        person,
        roles: RoleChoice::all(Role::Operator),
        sessions,
        error: error.map(str::to_owned),
        new_password,
    };
    let account =
        |errors, is_changed| AccountPage { layout: layout(), sessions: sessions(), errors, is_changed };
    let errors = ["current", "password", "again"].map(|field| (field, HOSTILE.to_owned())).into();
    [
        ("users", list("", None, Some(new_password())).render()),
        ("users-refused", list(HOSTILE, Some(HOSTILE), None).render()),
        (
            "user",
            one(person(2, HOSTILE, "Operator", Some(3), 2), sessions(), None, Some(new_password())).render(),
        ),
        ("user-self", one(person(1, "anna", "Admin", None, 0), Vec::new(), Some(HOSTILE), None).render()),
        ("account", account(Vec::new(), true).render()),
        ("account-refused", account(errors, false).render()),
    ]
    .map(|(name, html)| (name.to_owned(), html.unwrap()))
    .into()
}
