//! Logins, tokens, roles and lock-out, all by the controller's clock.

use std::collections::HashMap;

/// What an account may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Reads.
    Viewer,
    /// Reads, sets reductions and availability.
    BmsApi,
    /// Everything, including settings of other roles.
    Admin,
}

/// Wrong logins that lock an account.
const WRONG_LOGINS: usize = 5;
/// The window in which they are counted.
const WRONG_LOGIN_WINDOW_MS: i64 = 5 * 60_000;
/// How long a lock holds.
const LOCKED_FOR_MS: i64 = 15 * 60_000;
/// Names with wrong logins that are remembered at most.
const REMEMBERED_NAMES: usize = 1_000;

/// A login, its password and role.
pub(crate) struct Account {
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) role: Role,
}

/// Rules for tokens.
#[derive(Clone, Copy)]
pub(crate) struct TokenRules {
    pub(crate) life_ms: i64,
    /// Tokens of one account at the same time; one more ends the oldest.
    pub(crate) max_sessions: usize,
    /// Refuses one more instead.
    pub(crate) refuses_more: bool,
}

/// Accounts and valid tokens.
pub(crate) struct Auth {
    accounts: Vec<Account>,
    rules: TokenRules,
    tokens: HashMap<String, Token>,
    wrong_logins: HashMap<String, Vec<i64>>,
    tokens_so_far: u64,
}

#[derive(Clone)]
struct Token {
    id: u64,
    login: String,
    role: Role,
    ends_ms: i64,
}

/// Who calls, by a valid token.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) role: Role,
}

/// A new token.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) expires_in_s: i64,
}

/// Why a login failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LoginRefused {
    BadCredentials,
    Locked { retry_after_s: i64 },
    TooManySessions,
}

impl Auth {
    pub(crate) fn new(accounts: Vec<Account>, rules: TokenRules) -> Self {
        Self { accounts, rules, tokens: HashMap::new(), wrong_logins: HashMap::new(), tokens_so_far: 0 }
    }

    /// Checks a password. Issues `token` if it is right.
    pub(crate) fn log_in(
        &mut self,
        login: &str,
        password: &str,
        token: String,
        now_ms: i64,
    ) -> Result<Issued, LoginRefused> {
        if let Some(until_ms) = self.locked_until(login, now_ms) {
            return Err(LoginRefused::Locked { retry_after_s: (until_ms - now_ms + 999) / 1000 });
        }
        let account =
            self.accounts.iter().find(|account| account.login == login && account.password == password);
        let Some(role) = account.map(|account| account.role) else {
            self.remember_wrong_login(login, now_ms);
            return Err(LoginRefused::BadCredentials);
        };
        self.wrong_logins.remove(login);
        self.tokens.retain(|_, token| token.ends_ms > now_ms);
        if self.rules.refuses_more && self.sessions_of(login) >= self.rules.max_sessions {
            return Err(LoginRefused::TooManySessions);
        }
        self.end_oldest_session(login);
        self.tokens_so_far += 1;
        let ends_ms = now_ms + self.rules.life_ms;
        let entry = Token { id: self.tokens_so_far, login: login.to_owned(), role, ends_ms };
        self.tokens.insert(token.clone(), entry);
        Ok(Issued { token, expires_in_s: self.rules.life_ms / 1000 })
    }

    /// Returns the caller with this token, unless it has expired.
    pub(crate) fn caller(&self, token: &str, now_ms: i64) -> Option<Caller> {
        self.tokens.get(token).filter(|token| token.ends_ms > now_ms).map(|token| Caller { role: token.role })
    }

    /// Returns the number of a token for the request log, which never contains the token itself.
    pub(crate) fn token_id(&self, token: &str) -> Option<u64> {
        self.tokens.get(token).map(|token| token.id)
    }

    /// Gives all accounts another password. Tokens stay valid.
    pub(crate) fn set_password(&mut self, password: &str) {
        self.accounts.iter_mut().for_each(|account| password.clone_into(&mut account.password));
    }

    pub(crate) fn log_out(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// Revokes all tokens. Returns their number.
    pub(crate) fn revoke_all(&mut self) -> usize {
        let count = self.tokens.len();
        self.tokens.clear();
        count
    }

    pub(crate) fn session_count(&self, now_ms: i64) -> usize {
        self.tokens.values().filter(|token| token.ends_ms > now_ms).count()
    }

    /// Refuses a session too many from now on, or ends the oldest.
    pub(crate) fn set_refuses_more(&mut self, refuses: bool) {
        self.rules.refuses_more = refuses;
    }

    fn sessions_of(&self, login: &str) -> usize {
        self.tokens.values().filter(|token| token.login == login).count()
    }

    fn end_oldest_session(&mut self, login: &str) {
        let own = || self.tokens.iter().filter(|(_, token)| token.login == login);
        if own().count() >= self.rules.max_sessions {
            let oldest = own().min_by_key(|(_, token)| token.id).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.tokens.remove(&key));
        }
    }

    fn locked_until(&self, login: &str, now_ms: i64) -> Option<i64> {
        let wrong = self.wrong_logins.get(login)?;
        let last_ms = *wrong.last()?;
        let until_ms = last_ms + LOCKED_FOR_MS;
        (wrong.len() >= WRONG_LOGINS && now_ms < until_ms).then_some(until_ms)
    }

    fn remember_wrong_login(&mut self, login: &str, now_ms: i64) {
        if self.wrong_logins.len() >= REMEMBERED_NAMES {
            self.wrong_logins.retain(|_, wrong| wrong.iter().any(|at_ms| at_ms + LOCKED_FOR_MS > now_ms));
        }
        let wrong = self.wrong_logins.entry(login.to_owned()).or_default();
        wrong.retain(|at_ms| at_ms + WRONG_LOGIN_WINDOW_MS > now_ms);
        wrong.push(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: TokenRules = TokenRules { life_ms: 3_600_000, max_sessions: 2, refuses_more: false };

    fn auth() -> Auth {
        let account =
            Account { login: "bmsApi".to_owned(), password: "right".to_owned(), role: Role::BmsApi };
        Auth::new(vec![account], RULES)
    }

    fn log_in(auth: &mut Auth, password: &str, token: &str, now_ms: i64) -> Result<Issued, LoginRefused> {
        auth.log_in("bmsApi", password, token.to_owned(), now_ms)
    }

    #[test]
    fn five_wrong_logins_lock_the_account_for_a_quarter_of_an_hour() {
        let mut auth = auth();
        for second in 0..5 {
            assert_eq!(
                log_in(&mut auth, "wrong", "t", second * 1000).err(),
                Some(LoginRefused::BadCredentials)
            );
        }
        let locked = log_in(&mut auth, "right", "t", 5_000).err();
        assert_eq!(locked, Some(LoginRefused::Locked { retry_after_s: 899 }));
        assert!(log_in(&mut auth, "right", "t", 4_000 + LOCKED_FOR_MS).is_ok());
    }

    #[test]
    fn wrong_logins_that_lie_far_apart_lock_nothing() {
        let mut auth = auth();
        for minute in 0..20 {
            assert!(log_in(&mut auth, "wrong", "t", minute * 90_000).is_err());
        }
        assert!(log_in(&mut auth, "right", "t", 20 * 90_000).is_ok());
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let mut auth = auth();
        for token in ["first", "second", "third"] {
            assert!(log_in(&mut auth, "right", token, 0).is_ok());
        }
        assert!(auth.caller("first", 1).is_none());
        assert!(auth.caller("second", 1).is_some() && auth.caller("third", 1).is_some());
    }

    #[test]
    fn a_token_ends_with_its_life() {
        let mut auth = auth();
        assert!(log_in(&mut auth, "right", "token", 0).is_ok());
        assert!(auth.caller("token", RULES.life_ms - 1).is_some());
        assert!(auth.caller("token", RULES.life_ms).is_none());
    }
}
